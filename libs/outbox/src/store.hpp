#pragma once

#include <set>
#include <span>
#include <vector>

#include "tecnochat/outbox/outbox.hpp"

namespace tecnochat::outbox {

/// An unpublished row as the sweeper reads it.
struct StoredRow {
    std::int64_t id = 0;
    Entry entry;
};

/// What append() stored for one entry.
struct InsertedRow {
    std::int64_t id = 0;
    bool direct = false;
};

/// One per entry, in order.
Result<std::vector<InsertedRow>> insert(
    postgres::Transaction& transaction, std::span<const Entry> entries
);

/// What a sweep must leave alone for now.
struct Held {
    /// Rows of this process whose acknowledgement is still open: their order_keys wait for it.
    std::vector<std::int64_t> ids;
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

Status erase(postgres::Transaction& transaction, std::span<const std::int64_t> ids);

}  // namespace tecnochat::outbox
