#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "tecnochat/core/failpoint.hpp"
#include "tecnochat/postgres/pool.hpp"

namespace tecnochat::postgres {

struct Slot;

/// What a queued statement will have given. To be read only after the next execute() or commit() of
/// its transaction succeeded (assert); it may outlive the transaction.
class Pending {
 public:
    [[nodiscard]] const Rows& rows() const;
    [[nodiscard]] std::int64_t affected() const { return rows().affected(); }

 private:
    friend class Transaction;
    explicit Pending(std::shared_ptr<const Slot> slot) : slot_(std::move(slot)) {}
    std::shared_ptr<const Slot> slot_;  // owned by this and the connection's queue
};

/// One transaction for a known set of tenants: row-level security shows and accepts their rows and
/// no others (app.tenants, read by policies as docs/adr/0006 words them). Statements travel in
/// pipelines: BEGIN with the first of them, COMMIT with the last that are queued; a transaction
/// that executes nothing sends nothing. Not committed means rolled back. The deadline holds for the
/// whole transaction, up to the end of its commit.
class Transaction {
 public:
    /// Takes a connection and sends nothing yet: a server that is away may show at the first
    /// statement only (kUnavailable).
    static Result<Transaction> begin(
        Pool& pool, std::span<const TenantId> tenants, Deadline deadline
    );
    static Result<Transaction> begin(Pool& pool, const TenantId& tenant, Deadline deadline);
    ~Transaction();
    Transaction(Transaction&&) noexcept;
    Transaction& operator=(Transaction&&) = delete;

    /// Sends what is queued and this, in one round trip. The first failure among them; then the
    /// server did none of what stood behind it, and the transaction cannot commit.
    Result<Rows> execute(std::string_view sql, const Params& params = {});
    /// Queues a statement for the next execute() or commit(), which fails if this does. What a
    /// statement further on depends on, or whose failure has to be told apart, is no work for it.
    Pending send(std::string_view sql, const Params& params = {});
    /// The commit will not wait for the disk: for effects that may be lost and come again (a server
    /// crash may undo it, a crash of this process not).
    Status relax_durability();
    /// COMMIT, in one round trip with what is queued. `before` is hit before COMMIT is handed over,
    /// `after` once PostgreSQL has confirmed it. A failure has rolled back, except kUnavailable and
    /// kDeadlineExceeded of a lost connection: these may have committed.
    Status commit(StepFailpoints* failpoints = nullptr);
    /// Runs `work` inside a savepoint: its failure undoes only what it did, and the transaction
    /// goes on (unless the connection is gone). What `work` queued is sent before the savepoint
    /// ends, so its failure is the savepoint's as well; what was queued before is sent first.
    template <class Work>
    Status with_savepoint(Work&& work) {
        TECNOCHAT_CHECK(savepoint());
        return end_savepoint(work());
    }

 private:
    Transaction(Pool::Lease lease, std::span<const TenantId> tenants, Deadline deadline);
    void queue_begin();
    std::shared_ptr<Slot> queue(std::string_view sql, const Params& params);
    Status flush();
    Status savepoint();
    Status end_savepoint(Status status);
    Pool::Lease lease_;
    std::string tenants_;  // '{…}'
    Deadline deadline_;
    int depth_ = 0;
    bool open_ = true;
    bool begun_ = false;  // BEGIN is queued or sent
    bool relaxed_ = false;
    bool user_queued_ = false;   // statements of the caller's wait
    std::optional<Error> lost_;  // BEGIN failed: nothing may run outside of the transaction
};

}  // namespace tecnochat::postgres
