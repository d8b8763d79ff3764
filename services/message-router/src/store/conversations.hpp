#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "domain/contact_book.hpp"
#include "domain/conversation.hpp"
#include "tecnochat/postgres/transaction.hpp"

namespace tecnochat::message_router::store {

/// A conversation whose row this transaction holds locked, with whom it is.
struct LockedConversation {
    domain::Conversation state;
    std::string phone_number_id;
    ContactId contact;
    domain::Identity customer;
};

/// One customer's thread with one number.
struct ConversationKey {
    TenantId tenant;
    ContactId contact;
    std::string phone_number_id;
    auto operator<=>(const ConversationKey&) const = default;
};

struct ConversationRef {
    TenantId tenant;
    ConversationId id;
    auto operator<=>(const ConversationRef&) const = default;
};

/// Table conversations. Rows are locked in sorted order everywhere, so that batches wait for each
/// other instead of deadlocking; the lock leaves foreign keys on the row free (NO KEY UPDATE).
namespace conversations {

/// The existing among `keys`, locked.
Result<std::vector<LockedConversation>> lock(
    postgres::Transaction& transaction, std::span<const ConversationKey> keys
);
/// The existing among `refs`, locked.
Result<std::vector<LockedConversation>> lock(
    postgres::Transaction& transaction, std::span<const ConversationRef> refs
);
/// Queues new rows. Where another transaction made one of them meanwhile, or made its contact, none
/// of ours is written: lock() shows which there are.
void insert(postgres::Transaction& transaction, std::span<const LockedConversation> conversations);
/// Queues what the domain changed of locked rows.
void update(
    postgres::Transaction& transaction, std::span<const domain::Conversation* const> conversations
);

}  // namespace conversations
}  // namespace tecnochat::message_router::store
