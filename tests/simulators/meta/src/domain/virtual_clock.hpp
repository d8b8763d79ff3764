#pragma once

#include <atomic>

#include "tecnochat/core/clock.hpp"

namespace tecnochat::meta_simulator {

/// Real time plus an offset that the control API moves forward, so that a day's window or a week of
/// webhook retries passes in a test at once. Thread-safe. Never moves backwards.
class VirtualClock final : public Clock {
 public:
    explicit VirtualClock(const Clock& base) : base_(base) {}

    [[nodiscard]] Timestamp now() const override { return base_.now() + offset(); }
    [[nodiscard]] std::chrono::steady_clock::time_point steady_now() const override {
        return base_.steady_now();
    }
    [[nodiscard]] Milliseconds offset() const { return Milliseconds(offset_ms_.load()); }
    void advance(Milliseconds by) {
        TECNOCHAT_ASSERT(by.count() >= 0, "time does not run backwards");
        offset_ms_ += by.count();
    }

 private:
    const Clock& base_;
    std::atomic<std::int64_t> offset_ms_{0};
};

}  // namespace tecnochat::meta_simulator
