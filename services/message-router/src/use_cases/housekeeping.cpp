#include "use_cases/housekeeping.hpp"

#include <algorithm>
#include <chrono>

#include "store/set_aside.hpp"
#include "tecnochat/core/failpoint.hpp"
#include "tecnochat/postgres/inbox.hpp"
#include "tecnochat/telemetry/log.hpp"

namespace tecnochat::message_router {
namespace {

using std::chrono::steady_clock;

constexpr auto kPassEvery = std::chrono::seconds(1);
constexpr auto kOverdueEvery = std::chrono::seconds(5);
constexpr auto kPruneEvery = std::chrono::hours(1);
constexpr Milliseconds kBudget = std::chrono::seconds(10);
// Meta redelivers for 7 days; twice that is never too short.
constexpr Milliseconds kInboxKept = std::chrono::days(14);
constexpr int kPruneRows = 10'000;

StepFailpoints prune_commit{"message-router.prune.commit"};

void warn(std::string_view event, const Status& status) {
    if (status) return;
    telemetry::log_limited(
        telemetry::Level::kWarning, event, {{"code", to_string(status.error().code)}}
    );
}

}  // namespace

void Housekeeping::start() {
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

// The pool ends every wait for the database by the deadline.
void Housekeeping::stop(Deadline) {
    if (!thread_.joinable()) return;
    thread_.request_stop();
    thread_.join();
}

void Housekeeping::wake() {
    {
        std::scoped_lock lock(mutex_);
        woken_ = true;
    }
    wake_.notify_one();
}

void Housekeeping::run(const std::stop_token& stop) {
    auto next_overdue = steady_clock::now();
    auto next_prune = next_overdue;
    while (!stop.stop_requested()) {
        warn(
            "waiting messages could not be settled", settle_waiting_.run(Deadline::after(kBudget))
        );
        if (steady_clock::now() >= next_overdue) {
            warn("overdue turns could not be ended", end_overdue_turns_.run());
            next_overdue = steady_clock::now() + kOverdueEvery;
        }
        if (steady_clock::now() >= next_prune) {
            warn("the inbox could not be pruned", prune());
            next_prune = steady_clock::now() + kPruneEvery;
        }
        std::unique_lock lock(mutex_);
        wake_.wait_for(lock, stop, kPassEvery, [this] { return woken_; });
        woken_ = false;
    }
}

Status Housekeeping::prune() {
    const auto tenants = directory_.tenants();
    for (std::int64_t pruned = kPruneRows; pruned == kPruneRows;) {
        TECNOCHAT_TRY(
            auto transaction, postgres::Transaction::begin(pool_, tenants, Deadline::after(kBudget))
        );
        TECNOCHAT_TRY(pruned, postgres::inbox_prune(transaction, kInboxKept, kPruneRows));
        TECNOCHAT_TRY(
            const auto aside, store::set_aside::prune(transaction, kInboxKept, kPruneRows)
        );
        pruned = std::max(pruned, aside);
        TECNOCHAT_CHECK(transaction.commit(&prune_commit));
    }
    return ok();
}

}  // namespace tecnochat::message_router
