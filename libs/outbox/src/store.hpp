#pragma once

#include <span>
#include <vector>

#include "tecnochat/outbox/outbox.hpp"

namespace tecnochat::outbox {

/// An unpublished row as the sweeper reads it.
struct StoredRow {
    std::int64_t id = 0;
    Entry entry;
};

/// Queues one row per entry; answers with id and direct of each, in order. `acknowledged` are rows
/// that do not count as older.
postgres::Pending insert(
    postgres::Transaction& transaction,
    std::span<const Entry> entries,
    std::span<const std::int64_t> acknowledged
);

/// What a sweep must leave alone for now.
struct Held {
    /// Rows of this process whose acknowledgement is still open: their order_keys wait for it.
    std::vector<std::int64_t> under_way;
    /// Rows of this process that are only to be deleted: nothing waits for them.
    std::vector<std::int64_t> acknowledged;
    /// order_keys whose first row Kafka refused.
    std::vector<Uuid> order_keys;
};

/// The next rows that may leave, by id, within `limit` rows and about 16 MiB: none of an order_key
/// that has a direct row younger than `abandoned_after` (its publisher is at work) or is held.
Result<std::vector<StoredRow>> select_due(
    postgres::Transaction& transaction, Milliseconds abandoned_after, const Held& held, int limit
);

/// True while deferred rows are there, those of held order_keys aside.
Result<bool> any_deferred(postgres::Transaction& transaction, const Held& held);

Result<std::int64_t> count_rows(postgres::Transaction& transaction);

/// Queues the delete.
void erase(postgres::Transaction& transaction, std::span<const std::int64_t> ids);

}  // namespace tecnochat::outbox
