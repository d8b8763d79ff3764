#include "tecnochat/postgres/transaction.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "connection.hpp"

namespace tecnochat::postgres {
namespace {

constexpr Milliseconds kRollbackTime{1000};
constexpr std::int64_t kLongestStatementMs = 3'600'000;

constexpr std::string_view kSettings =
    "SELECT set_config('app.tenants', $1, true), set_config('statement_timeout', $2, true)";
constexpr std::string_view kRelaxedSettings =
    "SELECT set_config('app.tenants', $1, true), set_config('statement_timeout', $2, true), "
    "set_config('synchronous_commit', 'off', true)";

}  // namespace

const Rows& Pending::rows() const {
    const auto& rows = slot_->rows;
    TECNOCHAT_ASSERT(rows.has_value(), "a queued statement's rows before its transaction sent it");
    return *rows;
}

Transaction::Transaction(Pool::Lease lease, std::span<const TenantId> tenants, Deadline deadline)
    : lease_(std::move(lease)), deadline_(deadline) {
    tenants_.reserve(2 + tenants.size() * 37);
    tenants_ += '{';
    for (const auto& tenant : tenants) {
        if (tenants_.size() > 1) tenants_ += ',';
        detail::append_element(tenants_, tenant.uuid());
    }
    tenants_ += '}';
}

Result<Transaction> Transaction::begin(
    Pool& pool, std::span<const TenantId> tenants, Deadline deadline
) {
    TECNOCHAT_TRY(auto lease, pool.acquire(deadline));
    lease->set_deadline(deadline);
    return Transaction(std::move(lease), tenants, deadline);
}

Result<Transaction> Transaction::begin(Pool& pool, const TenantId& tenant, Deadline deadline) {
    return begin(pool, std::span(&tenant, 1), deadline);
}

Transaction::Transaction(Transaction&& other) noexcept
    : lease_(std::move(other.lease_)),
      tenants_(std::move(other.tenants_)),
      deadline_(other.deadline_),
      depth_(other.depth_),
      open_(other.open_),
      begun_(other.begun_),
      relaxed_(other.relaxed_),
      user_queued_(other.user_queued_),
      lost_(std::move(other.lost_)) {
    other.open_ = false;
    other.begun_ = false;
}

Transaction::~Transaction() {
    if (!begun_) return;
    auto& connection = *lease_->impl_;
    lease_->set_deadline(Deadline::after(kRollbackTime));
    // libpq cannot take back what is queued; BEGIN stands before it. If anything here fails the
    // connection is closed or not idle, and the pool throws it away.
    if (connection.has_queued()) [[maybe_unused]]
        const auto sent = connection.flush();
    const auto status = connection.transaction_status();
    if (status != PQTRANS_INTRANS && status != PQTRANS_INERROR) return;
    connection.queue("ROLLBACK", Params());
    [[maybe_unused]] const auto rolled_back = connection.flush();
}

void Transaction::queue_begin() {
    if (begun_) return;
    begun_ = true;
    // Nobody waits for a statement longer than the deadline, so the server need not run it longer
    // either.
    const auto timeout_ms =
        std::clamp<std::int64_t>(deadline_.remaining().count(), 1, kLongestStatementMs);
    auto& connection = *lease_->impl_;
    connection.queue("BEGIN", Params());
    connection.queue(
        relaxed_ ? kRelaxedSettings : kSettings, Params().add(tenants_).add(timeout_ms)
    );
}

Status Transaction::flush() {
    if (lost_) return *lost_;
    user_queued_ = false;
    Status status = lease_->impl_->flush();
    if (!status && lease_->impl_->transaction_status() == PQTRANS_IDLE) lost_ = status.error();
    return status;
}

std::shared_ptr<Slot> Transaction::queue(std::string_view sql, const Params& params) {
    TECNOCHAT_ASSERT(open_, "a statement after the end of its transaction");
    auto slot = std::make_shared<Slot>();
    if (lost_) return slot;  // flush() tells
    queue_begin();
    lease_->impl_->queue(sql, params, slot);
    user_queued_ = true;
    return slot;
}

Result<Rows> Transaction::execute(std::string_view sql, const Params& params) {
    const auto slot = queue(sql, params);
    TECNOCHAT_CHECK(flush());
    auto& rows = slot->rows;
    TECNOCHAT_ASSERT(rows.has_value(), "a flush that succeeded fills every slot");
    return *std::move(rows);
}

Pending Transaction::send(std::string_view sql, const Params& params) {
    return Pending(queue(sql, params));
}

Status Transaction::relax_durability() {
    TECNOCHAT_ASSERT(open_, "a statement after the end of its transaction");
    if (begun_) send("SET LOCAL synchronous_commit = off");
    relaxed_ = true;
    return ok();
}

Status Transaction::commit(StepFailpoints* failpoints) {
    TECNOCHAT_ASSERT(open_ && depth_ == 0, "a commit needs an open transaction");
    if (failpoints != nullptr) failpoints->before.hit();
    open_ = false;
    if (begun_) {
        if (!lost_) lease_->impl_->queue_commit();
        TECNOCHAT_CHECK(flush());
        begun_ = false;
    }
    if (failpoints != nullptr) failpoints->after.hit();
    return ok();
}

Status Transaction::savepoint() {
    TECNOCHAT_ASSERT(open_, "a savepoint after the end of its transaction");
    // Apart from what stands before it, whose failure must not look like that of the work.
    if (user_queued_) TECNOCHAT_CHECK(flush());
    if (lost_) return *lost_;
    queue_begin();
    lease_->impl_->queue(fmt::format("SAVEPOINT s{}", depth_), Params());
    ++depth_;
    return ok();
}

Status Transaction::end_savepoint(Status status) {
    --depth_;
    auto& connection = *lease_->impl_;
    const std::string release = fmt::format("RELEASE SAVEPOINT s{}", depth_);
    if (status) {
        if (!lost_) connection.queue(release, Params());
        status = flush();
        if (status) return status;
    } else if (user_queued_) {
        // A failure among these would make the server skip the way back, were it sent along.
        [[maybe_unused]] const auto sent = flush();
    }
    if (!lost_) {
        connection.queue(fmt::format("ROLLBACK TO SAVEPOINT s{}", depth_), Params());
        connection.queue(release, Params());
    }
    TECNOCHAT_CHECK(flush());
    return status;
}

}  // namespace tecnochat::postgres
