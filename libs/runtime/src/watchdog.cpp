#include "watchdog.hpp"

#include <unistd.h>

#include "tecnochat/telemetry/log.hpp"

namespace tecnochat::runtime {

Watchdog::Watchdog(Milliseconds limit)
    : thread_([this, limit] {
          std::unique_lock lock(mutex_);
          if (disarmed_changed_.wait_for(lock, limit, [this] { return disarmed_; })) return;
          telemetry::log_error("stop hangs: ending the process", {{"after_ms", limit.count()}});
          _exit(1);
      }) {}

Watchdog::~Watchdog() {
    {
        const std::scoped_lock lock(mutex_);
        disarmed_ = true;
    }
    disarmed_changed_.notify_all();
}

}  // namespace tecnochat::runtime
