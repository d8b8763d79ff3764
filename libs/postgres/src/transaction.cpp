#include "tecnochat/postgres/transaction.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace tecnochat::postgres {
namespace {

constexpr Milliseconds kRollbackTime{1000};
constexpr std::int64_t kLongestStatementMs = 3'600'000;

}  // namespace

Transaction::Transaction(Pool::Lease lease) : lease_(std::move(lease)) {}

Result<Transaction> Transaction::begin(
    Pool& pool, std::span<const TenantId> tenants, Deadline deadline
) {
    TECNOCHAT_TRY(auto lease, pool.acquire(deadline));
    lease->set_deadline(deadline);
    std::string list;
    for (const auto& tenant : tenants) {
        if (!list.empty()) list += ',';
        list += tenant.to_string();
    }
    // One round trip. Ids and numbers of ours are safe inside the text. Nobody waits for a
    // statement longer than the deadline, so the server need not run it longer either.
    const auto timeout_ms =
        std::clamp<std::int64_t>(deadline.remaining().count(), 1, kLongestStatementMs);
    Transaction transaction(std::move(lease));
    TECNOCHAT_CHECK(transaction.lease_->execute_script(fmt::format(
        "BEGIN; SELECT set_config('app.tenants', '{{{}}}', true), "
        "set_config('statement_timeout', '{}', true)",
        list,
        timeout_ms
    )));
    return transaction;
}

Result<Transaction> Transaction::begin(Pool& pool, const TenantId& tenant, Deadline deadline) {
    return begin(pool, std::span(&tenant, 1), deadline);
}

Transaction::Transaction(Transaction&& other) noexcept
    : lease_(std::move(other.lease_)), depth_(other.depth_), open_(other.open_) {
    other.open_ = false;
}

Transaction::~Transaction() {
    if (!open_) return;
    lease_->set_deadline(Deadline::after(kRollbackTime));
    // If it fails the connection is closed or not idle, and the pool throws it away.
    [[maybe_unused]] const auto status = lease_->execute_script("ROLLBACK");
}

Result<Rows> Transaction::execute(std::string_view sql, const Params& params) {
    TECNOCHAT_ASSERT(open_, "a statement after the end of its transaction");
    return lease_->execute(sql, params);
}

Status Transaction::relax_durability() {
    TECNOCHAT_ASSERT(open_, "a statement after the end of its transaction");
    return lease_->execute_script("SET LOCAL synchronous_commit = off");
}

Status Transaction::commit(CommitFailpoints failpoints) {
    TECNOCHAT_ASSERT(open_ && depth_ == 0, "a commit needs an open transaction");
    if (failpoints.before != nullptr) failpoints.before->hit();
    open_ = false;  // whatever comes of it: a refused COMMIT has rolled back
    TECNOCHAT_CHECK(lease_->commit());
    if (failpoints.after != nullptr) failpoints.after->hit();
    return ok();
}

Status Transaction::savepoint() {
    TECNOCHAT_ASSERT(open_, "a savepoint after the end of its transaction");
    TECNOCHAT_CHECK(lease_->execute_script(fmt::format("SAVEPOINT s{}", depth_)));
    ++depth_;
    return ok();
}

Status Transaction::release_savepoint() {
    --depth_;
    return lease_->execute_script(fmt::format("RELEASE SAVEPOINT s{}", depth_));
}

Status Transaction::rollback_to_savepoint() {
    --depth_;
    return lease_->execute_script(
        fmt::format("ROLLBACK TO SAVEPOINT s{0}; RELEASE SAVEPOINT s{0}", depth_)
    );
}

}  // namespace tecnochat::postgres
