#pragma once

#include <string>
#include <unordered_map>

#include "clients/buckets.hpp"
#include "ports.hpp"
#include "tecnochat/core/clock.hpp"
#include "tecnochat/core/guarded.hpp"

namespace tecnochat::whatsapp_connector {

/// The buckets of this process alone, in memory: what counts while Redis is away. Bounded: full
/// buckets are forgotten.
class TokenBucketLimiter final : public RateLimiter {
 public:
    explicit TokenBucketLimiter(const Clock& clock) : clock_(clock) {}
    Allowance acquire(const std::string& phone_number_id, const ConversationId& pair) override;

 private:
    struct Level {
        double tokens = 0;
        std::chrono::steady_clock::time_point at;
    };
    using Levels = std::unordered_map<std::string, Level>;
    static double refilled(
        const Levels& levels,
        const std::string& key,
        const Bucket& bucket,
        std::chrono::steady_clock::time_point now
    );

    const Clock& clock_;
    Guarded<Levels> levels_;
};

}  // namespace tecnochat::whatsapp_connector
