#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "tecnochat/core/clock.hpp"

namespace tecnochat::runtime {

/// Ends the process with exit code 1 unless destroyed within `limit`: a stop that hangs must not
/// wait for the supervisor's SIGKILL, whose cause nobody would find in the log.
class Watchdog {
 public:
    explicit Watchdog(Milliseconds limit);
    ~Watchdog();
    Watchdog(const Watchdog&) = delete;
    Watchdog& operator=(const Watchdog&) = delete;

 private:
    std::mutex mutex_;
    std::condition_variable disarmed_changed_;
    bool disarmed_ = false;
    std::jthread thread_;
};

}  // namespace tecnochat::runtime
