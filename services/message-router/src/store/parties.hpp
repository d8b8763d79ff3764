#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "store/conversations.hpp"
#include "tecnochat/postgres/transaction.hpp"

namespace tecnochat::message_router::store {

/// Between whom a conversation is: what is needed before its transaction begins.
struct Parties {
    std::string phone_number_id;
    ContactId contact;
};

/// Of the existing among `refs`, without locks. One round trip, a transaction of its own.
Result<std::map<ConversationRef, Parties>> find_parties(
    postgres::Pool& pool, std::span<const ConversationRef> refs, Deadline deadline
);

}  // namespace tecnochat::message_router::store
