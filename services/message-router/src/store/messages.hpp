#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "domain/reply.hpp"
#include "domain/vocabulary.hpp"
#include "tecnochat/postgres/transaction.hpp"
#include "tecnochat/sealing/keys.hpp"

namespace tecnochat::message_router::store {

struct NewMessage {
    TenantId tenant;
    MessageId id;
    ConversationId conversation;
    ContactId person;  // whose content it is
    std::int64_t sequence = 0;
    domain::Direction direction = domain::Direction::kIn;
    domain::Provenance provenance = domain::Provenance::kCustomer;
    std::string type;
    std::string body;
    std::optional<std::string> tapped;   // inbound: see domain::InboundMessage
    std::optional<std::string> caption;  // the same
    std::optional<std::string> wamid;
    domain::MessageStatus status = domain::MessageStatus::kReceived;
    TurnId turn;
    std::vector<domain::Source> sources;
    Timestamp created_at;
    std::optional<Timestamp> sent_at;
};

struct MessageRef {
    TenantId tenant;
    MessageId id;
    auto operator<=>(const MessageRef&) const = default;
};

/// The part of an outbound message that delivery reports move.
struct Delivery {
    MessageRef message;
    domain::MessageStatus status = domain::MessageStatus::kQueued;
    std::int64_t error_code = 0;
    std::optional<std::string> wamid;
    bool operator==(const Delivery&) const = default;
};

struct WamidKey {
    TenantId tenant;
    std::string wamid;
    auto operator<=>(const WamidKey&) const = default;
};

struct WamidOwner {
    WamidKey key;
    MessageId id;
};

/// Table messages. Bodies are sealed. What writes is queued: it travels with the transaction's next
/// execute() or its commit.
namespace messages {

/// Fails where the key of a person is not open in `keys`; then nothing is queued.
Status insert(
    postgres::Transaction& transaction, std::span<const NewMessage> rows, const sealing::Keys& keys
);
/// Outbound messages by Meta's id; unknown ones are left out. An inbound one may have the same id.
Result<std::vector<WamidOwner>> find_by_wamid(
    postgres::Transaction& transaction, std::span<const WamidKey> keys
);
/// The outbound ones among `refs`, locked in sorted order.
Result<std::vector<Delivery>> lock_deliveries(
    postgres::Transaction& transaction, std::span<const MessageRef> refs
);
void update_deliveries(postgres::Transaction& transaction, std::span<const Delivery> deliveries);

}  // namespace messages
}  // namespace tecnochat::message_router::store
