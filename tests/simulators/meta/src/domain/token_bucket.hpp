#pragma once

#include <algorithm>

#include "tecnochat/core/clock.hpp"

namespace tecnochat::meta_simulator {

/// A refilling allowance. Starts full. Not thread-safe; the world's lock covers it.
class TokenBucket {
 public:
    TokenBucket(double capacity, double refill_per_second, Timestamp now)
        : capacity_(capacity), refill_per_second_(refill_per_second), level_(capacity), at_(now) {}

    /// Takes one token; false (and nothing taken) when less than one is left.
    bool take(Timestamp now) {
        refill(now);
        if (level_ < 1.0) return false;
        level_ -= 1.0;
        return true;
    }
    /// Takes what is there, for traffic that counts but is never refused (inbound messages).
    void take_forced(Timestamp now) {
        refill(now);
        level_ = std::max(0.0, level_ - 1.0);
    }

 private:
    void refill(Timestamp now) {
        if (now <= at_) return;
        const std::chrono::duration<double> passed = now - at_;
        level_ = std::min(capacity_, level_ + passed.count() * refill_per_second_);
        at_ = now;
    }

    double capacity_;
    double refill_per_second_;
    double level_;
    Timestamp at_;
};

}  // namespace tecnochat::meta_simulator
