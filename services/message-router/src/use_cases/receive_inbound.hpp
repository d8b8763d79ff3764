#pragma once

#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "batch.hpp"
#include "directory.hpp"
#include "domain/inbound.hpp"
#include "domain/unknown_numbers.hpp"
#include "store/contacts.hpp"
#include "store/conversations.hpp"
#include "store/messages.hpp"
#include "tecnochat/core/clock.hpp"
#include "tecnochat/kafka/dead_letters.hpp"
#include "tecnochat/outbox/outbox.hpp"

namespace tecnochat::message_router {

/// A decoded message whose number is connected.
struct InboundItem {
    TenantId tenant;
    domain::InboundMessage message;
    const kafka::Record* record = nullptr;  // for the dead letters and the trace
};

/// Topic whatsapp.inbound: stores every message of a customer exactly once, with its contact, its
/// conversation and its turn, and asks the AI where it is the AI's turn. One transaction per batch.
/// Messages of a number nobody has told of wait a little for its channel event, as
/// domain::UnknownNumbers allows. Used by one thread.
class ReceiveInbound {
 public:
    ReceiveInbound(
        postgres::Pool& pool,
        Directory& directory,
        crypto::ContentSealer& sealer,
        outbox::Outbox& outbox,
        kafka::DeadLetters& dead_letters,
        RouterMetrics& metrics,
        const Clock& clock,
        Milliseconds stale_after
    );

    /// ok: every record is settled (stored, dropped for a reason, or in the dead letters).
    /// kUnavailable with reason UNKNOWN_NUMBER: all but those that wait for a channel event; the
    /// same batch again settles these.
    Status operator()(std::span<const kafka::Record> records);

 private:
    /// Where a record lies: partition and offset.
    using Place = std::pair<std::int32_t, std::int64_t>;
    [[nodiscard]] static Place place_of(const kafka::Record& record);
    struct Routed {
        std::vector<InboundItem> items;
        std::set<Place> waiting;  // for the channel event of their number
    };

    /// False: some records wait.
    Result<bool> settle(std::span<const kafka::Record> records);
    Result<std::vector<InboundItem>> decode(std::span<const kafka::Record> records);
    Result<Routed> route(std::vector<InboundItem> items, Effects& effects);
    Status put_aside(const kafka::Record& record, std::string_view reason);
    Result<Effects> store(postgres::Transaction& transaction, std::span<const InboundItem> items);
    Result<std::vector<ContactId>> find_contacts(
        postgres::Transaction& transaction, std::span<const InboundItem* const> items
    );
    Result<std::vector<store::LockedConversation>> find_conversations(
        postgres::Transaction& transaction,
        std::span<const InboundItem* const> items,
        std::span<const ContactId> contacts
    );
    Result<Effects> decide_and_write(
        postgres::Transaction& transaction,
        std::span<const InboundItem* const> items,
        std::span<const ContactId> contacts,
        std::vector<store::LockedConversation>& conversations
    );
    Result<Effects> set_aside(
        postgres::Transaction& transaction, const InboundItem& item, const Error& error
    );
    Status park(postgres::Transaction& transaction, const InboundItem& item);

    postgres::Pool& pool_;
    Directory& directory_;
    outbox::Outbox& outbox_;
    kafka::DeadLetters& dead_letters_;
    RouterMetrics& metrics_;
    const Clock& clock_;
    Milliseconds stale_after_;
    store::Contacts contacts_;
    store::Messages messages_;
    domain::UnknownNumbers unknown_numbers_;
    /// Settled records of a batch that comes again for the others' sake: not put aside or counted
    /// twice.
    std::set<Place> settled_;
};

}  // namespace tecnochat::message_router
