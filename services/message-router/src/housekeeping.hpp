#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "directory.hpp"
#include "tecnochat/postgres/pool.hpp"

namespace tecnochat::message_router {

/// What must be done now and then, on a thread of its own: reads the directory again (another
/// replica may have taken its event) and forgets inbox rows older than 14 days, at start and every
/// hour.
class Housekeeping {
 public:
    Housekeeping(postgres::Pool& pool, Directory& directory) : pool_(pool), directory_(directory) {}

    void start();
    void stop();

 private:
    void run(const std::stop_token& stop);
    Status prune();

    postgres::Pool& pool_;
    Directory& directory_;
    std::mutex mutex_;
    std::condition_variable_any wake_;
    std::jthread thread_;  // last: stops before what it uses goes
};

}  // namespace tecnochat::message_router
