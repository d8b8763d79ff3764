#pragma once

#include <optional>
#include <string>
#include <vector>

#include "domain/contact_book.hpp"
#include "domain/conversation.hpp"
#include "domain/reply.hpp"
#include "tecnochat/crypto/content_sealer.hpp"
#include "tecnochat/postgres/transaction.hpp"

namespace tecnochat::message_router::store {

/// A conversation as people see it.
struct ConversationView {
    domain::Conversation state;
    std::string phone_number_id;
    domain::Contact contact;
};

/// A message as people see it.
struct MessageView {
    MessageId id;
    std::int64_t sequence = 0;
    domain::Direction direction = domain::Direction::kIn;
    domain::Provenance provenance = domain::Provenance::kCustomer;
    std::string type;
    std::string text;  // empty for types that are not text
    domain::MessageStatus status = domain::MessageStatus::kReceived;
    std::string wamid;
    Timestamp created_at;
    TurnId turn;
    std::optional<domain::Outcome> turn_outcome;  // inbound only
    std::string silence_reason;
    std::vector<std::string> in_reply_to;  // outbound only
    std::vector<domain::Source> sources;
};

/// The last conversation of a page; the next page begins after it.
struct ConversationCursor {
    Timestamp last_message_at;
    ConversationId id;
};

struct ConversationFilter {
    std::optional<std::string> phone_number_id;
    std::optional<std::string> contact_phone;
};

/// Reading for people: one tenant per call, pages bounded by `limit`.
class Views {
 public:
    explicit Views(crypto::ContentSealer& sealer) : sealer_(sealer) {}

    /// Newest activity first.
    Result<std::vector<ConversationView>> conversations(
        postgres::Transaction& transaction,
        const TenantId& tenant,
        const ConversationFilter& filter,
        const std::optional<ConversationCursor>& after,
        int limit
    ) const;
    /// kNotFound if the tenant has none with that id.
    Result<ConversationView> conversation(
        postgres::Transaction& transaction, const TenantId& tenant, const ConversationId& id
    ) const;
    /// Oldest first, those with a sequence above `after`.
    Result<std::vector<MessageView>> messages(
        postgres::Transaction& transaction,
        const TenantId& tenant,
        const ConversationView& conversation,
        std::int64_t after,
        int limit
    ) const;

 private:
    Result<std::vector<ConversationView>> read(const postgres::Rows& rows) const;
    crypto::ContentSealer& sealer_;
};

}  // namespace tecnochat::message_router::store
