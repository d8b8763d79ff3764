#pragma once

#include <atomic>
#include <chrono>

#include "tecnochat/core/clock.hpp"

namespace tecnochat::postgres {

/// The moment by which all waits of a pool's connections end: none until set() names it, and then
/// it stays. Thread-safe.
class StopSignal {
 public:
    /// Throws std::system_error where the process has no file descriptor left.
    StopSignal();
    ~StopSignal();
    StopSignal(const StopSignal&) = delete;
    StopSignal& operator=(const StopSignal&) = delete;

    /// The first call counts; wakes whoever polls descriptor().
    void set(Deadline deadline);
    [[nodiscard]] bool is_set() const;
    /// The earlier of the two.
    [[nodiscard]] Deadline bound(Deadline deadline) const;
    /// Readable from set() on.
    [[nodiscard]] int descriptor() const { return descriptor_; }

 private:
    using Moment = std::chrono::steady_clock::time_point;
    std::atomic<Moment::rep> when_{Moment::max().time_since_epoch().count()};
    int descriptor_;
};

}  // namespace tecnochat::postgres
