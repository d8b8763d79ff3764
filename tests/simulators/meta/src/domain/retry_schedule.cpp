#include "domain/retry_schedule.hpp"

#include <algorithm>

#include "tecnochat/core/assert.hpp"

namespace tecnochat::meta_simulator {

std::optional<Milliseconds> next_webhook_retry(int failed_attempts, Milliseconds age) {
    TECNOCHAT_ASSERT(failed_attempts >= 1, "a retry follows a failure");
    constexpr Milliseconds kFirst{500};
    constexpr Milliseconds kLongest = std::chrono::hours(6);
    constexpr int kDoublingsMax = 20;

    Milliseconds wait{0};
    if (failed_attempts > 1) {
        const int doublings = std::min(failed_attempts - 2, kDoublingsMax);
        wait = std::min(kLongest, kFirst * (std::int64_t{1} << doublings));
    }
    if (age + wait > kWebhookLifetime) return std::nullopt;
    return wait;
}

}  // namespace tecnochat::meta_simulator
