#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "directory.hpp"
#include "tecnochat/postgres/pool.hpp"
#include "use_cases/end_overdue_turns.hpp"

namespace tecnochat::message_router {

/// What must be done now and then, on a thread of its own: reads the directory again (another
/// replica may have taken its event), ends overdue turns, and forgets inbox rows older than 14
/// days, at start and every hour.
class Housekeeping {
 public:
    Housekeeping(postgres::Pool& pool, Directory& directory, EndOverdueTurns& end_overdue_turns)
        : pool_(pool), directory_(directory), end_overdue_turns_(end_overdue_turns) {}

    void start();
    void stop();

 private:
    void run(const std::stop_token& stop);
    Status prune();

    postgres::Pool& pool_;
    Directory& directory_;
    EndOverdueTurns& end_overdue_turns_;
    std::mutex mutex_;
    std::condition_variable_any wake_;
    std::jthread thread_;  // last: stops before what it uses goes
};

}  // namespace tecnochat::message_router
