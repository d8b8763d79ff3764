#pragma once

#include <span>
#include <string>
#include <string_view>

#include "tecnochat/core/failpoint.hpp"
#include "tecnochat/postgres/pool.hpp"

namespace tecnochat::postgres {

/// Failpoints around one commit; either may be null.
struct CommitFailpoints {
    Failpoint* before = nullptr;
    Failpoint* after = nullptr;
};

/// One transaction for a known set of tenants: row-level security shows and accepts their rows and
/// no others (set_config('app.tenants', '{…}', true), read by policies as README.md words them).
/// Not committed means rolled back. The deadline holds for the whole transaction, up to the end of
/// its commit.
class Transaction {
 public:
    static Result<Transaction> begin(
        Pool& pool, std::span<const TenantId> tenants, Deadline deadline
    );
    static Result<Transaction> begin(Pool& pool, const TenantId& tenant, Deadline deadline);
    ~Transaction();
    Transaction(Transaction&&) noexcept;
    Transaction& operator=(Transaction&&) = delete;

    Result<Rows> execute(std::string_view sql, const Params& params = {});
    /// The commit will not wait for the disk: for effects that may be lost and come again (a server
    /// crash may undo it, a crash of this process not).
    Status relax_durability();
    Status commit(CommitFailpoints failpoints = {});
    /// Runs `work` inside a savepoint: its failure undoes only what it did, and the transaction
    /// goes on (unless the connection is gone).
    template <class Work>
    Status with_savepoint(Work&& work) {
        TECNOCHAT_CHECK(savepoint());
        Status status = work();
        TECNOCHAT_CHECK(status ? release_savepoint() : rollback_to_savepoint());
        return status;
    }

 private:
    explicit Transaction(Pool::Lease lease);
    Status savepoint();
    Status release_savepoint();
    Status rollback_to_savepoint();
    Pool::Lease lease_;
    int depth_ = 0;
    bool open_ = true;
};

}  // namespace tecnochat::postgres
