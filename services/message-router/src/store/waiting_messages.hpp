#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "domain/inbound.hpp"
#include "tecnochat/core/clock.hpp"
#include "tecnochat/postgres/transaction.hpp"
#include "tecnochat/sealing/keys.hpp"

namespace tecnochat::message_router::store {

/// A message that waits for the channel event of its number.
struct WaitingMessage {
    std::int64_t id = 0;
    std::string phone_number_id;
    Timestamp waiting_since;
    std::chrono::sys_days sealed_day;
    domain::RawMessage raw;  // key and value as they lie in the table: sealed
};

/// How many messages wait for one number.
struct Backlog {
    std::string phone_number_id;
    std::int64_t count = 0;
};

struct NewWaiting {
    std::string phone_number_id;
    domain::RawMessage raw;
};

/// Table waiting_messages: messages of numbers that are not in the directory yet, key and value
/// sealed under the service's key of the day. Outside row-level security.
namespace waiting_messages {

/// Queues them, in order; one that waits already waits once.
Status insert(
    postgres::Transaction& transaction,
    std::span<const NewWaiting> messages,
    const sealing::Keyring& daily,
    Timestamp now
);
/// Of every number that something waits for; bounded, for the table is.
Result<std::vector<Backlog>> backlog(postgres::Transaction& transaction);
/// Queues the question which of these numbers something waits for; column phone_number_id.
postgres::Pending numbers_among(
    postgres::Transaction& transaction, std::span<const std::string> numbers
);
/// The messages of one number, in order.
Result<std::vector<WaitingMessage>> of_number(
    postgres::Transaction& transaction, const std::string& number
);
/// Those that have waited since `before` or longer, oldest first, at most `limit`.
Result<std::vector<WaitingMessage>> older_than(
    postgres::Transaction& transaction, Timestamp before, int limit
);
/// Takes them out of the table; the ids of those that were still there, ascending.
Result<std::vector<std::int64_t>> take(
    postgres::Transaction& transaction, std::span<const std::int64_t> ids
);

}  // namespace waiting_messages
}  // namespace tecnochat::message_router::store
