#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "tecnochat/channels/directory.hpp"
#include "tecnochat/core/clock.hpp"
#include "tecnochat/postgres/pool.hpp"
#include "use_cases/end_overdue_turns.hpp"
#include "use_cases/settle_waiting.hpp"

namespace tecnochat::message_router {

/// What must be done now and then, on a thread of its own: every second settles what waits for
/// channel events (at once when woken), every 5 s ends overdue turns, and at start and every hour
/// forgets inbox rows and messages set aside that are older than 14 days.
class Housekeeping {
 public:
    Housekeeping(
        postgres::Pool& pool,
        channels::Directory& directory,
        EndOverdueTurns& end_overdue_turns,
        SettleWaiting& settle_waiting
    )
        : pool_(pool),
          directory_(directory),
          end_overdue_turns_(end_overdue_turns),
          settle_waiting_(settle_waiting) {}

    void start();
    void stop(Deadline deadline);
    /// Something that waited may be settled now. Never blocks.
    void wake();

 private:
    void run(const std::stop_token& stop);
    Status prune();

    postgres::Pool& pool_;
    channels::Directory& directory_;
    EndOverdueTurns& end_overdue_turns_;
    SettleWaiting& settle_waiting_;
    std::mutex mutex_;
    std::condition_variable_any wake_;
    bool woken_ = false;   // under mutex_
    std::jthread thread_;  // last: stops before what it uses goes
};

}  // namespace tecnochat::message_router
