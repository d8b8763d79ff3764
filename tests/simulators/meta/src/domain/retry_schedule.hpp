#pragma once

#include <optional>

#include "tecnochat/core/clock.hpp"

namespace tecnochat::meta_simulator {

/// How long Meta keeps trying to deliver one webhook before it drops it.
inline constexpr Milliseconds kWebhookLifetime = std::chrono::hours(24 * 7);

/// When to try again after `failed_attempts` (>= 1) deliveries that were not answered 200, `age`
/// after the first: at once, then ever rarer, nullopt after seven days. Meta documents
/// "immediately, then decreasing"; the doubling from half a second up to six hours is ours.
std::optional<Milliseconds> next_webhook_retry(int failed_attempts, Milliseconds age);

}  // namespace tecnochat::meta_simulator
