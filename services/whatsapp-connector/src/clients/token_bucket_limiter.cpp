#include "clients/token_bucket_limiter.hpp"

#include <algorithm>
#include <cmath>

namespace tecnochat::whatsapp_connector {
namespace {

constexpr std::size_t kMaxLevels = 100'000;

Milliseconds time_to_one(double tokens, const Bucket& bucket) {
    return tokens >= 1.0 ? Milliseconds(0)
                         : Milliseconds(static_cast<std::int64_t>(
                               std::ceil((1.0 - tokens) / bucket.per_second * 1000.0)
                           ));
}

}  // namespace

double TokenBucketLimiter::refilled(
    const Levels& levels,
    const std::string& key,
    const Bucket& bucket,
    std::chrono::steady_clock::time_point now
) {
    const auto it = levels.find(key);
    if (it == levels.end()) return bucket.capacity;
    const double passed = std::chrono::duration<double>(now - it->second.at).count();
    return std::min(bucket.capacity, it->second.tokens + passed * bucket.per_second);
}

Allowance TokenBucketLimiter::acquire(
    const std::string& phone_number_id, const ConversationId& pair
) {
    const auto now = clock_.steady_now();
    const std::string pair_key = pair.to_string();
    return levels_.with([&](Levels& levels) {
        if (levels.size() > kMaxLevels) {
            std::erase_if(levels, [&](const auto& entry) {
                return refilled(levels, entry.first, kPairBucket, now) >= kPairBucket.capacity;
            });
        }
        const double number = refilled(levels, phone_number_id, kNumberBucket, now);
        const double both = refilled(levels, pair_key, kPairBucket, now);
        const auto allowed =
            allowance(time_to_one(number, kNumberBucket), time_to_one(both, kPairBucket));
        if (allowed.wait == Milliseconds(0)) {
            levels[phone_number_id] = {number - 1.0, now};
            levels[pair_key] = {both - 1.0, now};
        }
        return allowed;
    });
}

}  // namespace tecnochat::whatsapp_connector
