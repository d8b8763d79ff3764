#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tecnochat/postgres/transaction.hpp"

namespace tecnochat::postgres {

struct InboxEntry {
    TenantId tenant;
    std::string event_id;
};

/// Remembers events in the transaction of their effect (table inbox: tenant_id, consumer, event_id,
/// received_at; primary key the first three). One flag per entry, in order: true where this
/// transaction is the first to see it; a second copy within `entries` is false. Entries are
/// inserted in sorted order, so that concurrent batches cannot deadlock.
Result<std::vector<bool>> inbox_insert(
    Transaction& transaction, std::string_view consumer, std::span<const InboxEntry> entries
);

/// Deletes what is older than `keep` (14 days: Meta redelivers for 7), at most `limit` rows;
/// returns how many.
Result<std::int64_t> inbox_prune(Transaction& transaction, Milliseconds keep, int limit);

}  // namespace tecnochat::postgres
