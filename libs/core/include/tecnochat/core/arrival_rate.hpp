#pragma once

#include <chrono>
#include <cstddef>

namespace tecnochat {

/// The rate at which items have come of late to a thread that handles them in batches, for the
/// question whether waiting for more of them pays: a batch costs nearly the same for one item as
/// for ten. At low rates it never does, and an item that comes alone is handled at once. For one
/// thread.
class ArrivalRate {
 public:
    /// Notes a batch as it begins.
    void note(std::size_t items, std::chrono::steady_clock::time_point now) {
        // Of the first batch nobody knows how long it took to come.
        if (last_ != std::chrono::steady_clock::time_point()) {
            items_ = items_ * kPast + static_cast<double>(items);
            time_ = time_ * kPast + std::chrono::duration<double>(now - last_).count();
        }
        last_ = now;
    }
    /// Whether at least four items are to be expected within this time.
    [[nodiscard]] bool brings_more(std::chrono::duration<double> within) const {
        return time_ > 0 && items_ / time_ * within.count() >= kWorthWaiting;
    }

 private:
    static constexpr double kPast = 0.8;  // what the past counts for beside the last batch
    static constexpr double kWorthWaiting = 4;

    double items_ = 0;
    double time_ = 0;  // seconds
    std::chrono::steady_clock::time_point last_{};
};

}  // namespace tecnochat
