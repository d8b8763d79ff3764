#pragma once

#include <span>
#include <string>
#include <string_view>

#include "tecnochat/core/clock.hpp"
#include "tecnochat/core/uuid.hpp"
#include "tecnochat/postgres/transaction.hpp"
#include "tecnochat/sealing/keys.hpp"

namespace tecnochat::message_router::store {

/// A message that belongs to no private conversation.
struct NewSetAside {
    TenantId tenant;
    std::string phone_number_id;
    std::string_view reason;  // of its silence
    std::string value;        // of its record, as it came
    Timestamp received_at;
};

/// Table set_aside_messages: what nobody is answered for and no conversation shows, as it came and
/// sealed under the service's key of the day, for its people are none of the tenant's contacts.
namespace set_aside {

/// Queues them; `now` is their day.
Status insert(
    postgres::Transaction& transaction,
    std::span<const NewSetAside> messages,
    const sealing::Keyring& daily,
    Timestamp now
);
/// Forgets up to `limit` rows older than `keep`; how many.
Result<std::int64_t> prune(postgres::Transaction& transaction, Milliseconds keep, int limit);

}  // namespace set_aside
}  // namespace tecnochat::message_router::store
