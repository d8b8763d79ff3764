#include "domain/unknown_numbers.hpp"

#include <algorithm>
#include <utility>

#include "tecnochat/core/assert.hpp"

namespace tecnochat::message_router::domain {

void UnknownNumbers::directory_read(Instant now) {
    if (!readable_since_) readable_since_ = now;
}

void UnknownNumbers::directory_lost() {
    readable_since_.reset();
    waits_.clear();
}

bool UnknownNumbers::awaits(const std::string& number, Milliseconds age, Instant now) {
    TECNOCHAT_ASSERT(
        readable_since_.has_value(), "a number is unknown to a directory that was read"
    );
    refill(now);
    std::erase_if(waits_, [&](const auto& wait) { return now >= wait.second + kOncePer; });
    const auto known = waits_.find(number);
    // An age below zero is another machine's clock.
    const Instant since = known != waits_.end()
                              ? known->second
                              : std::max(now - std::max(age, Milliseconds(0)), *readable_since_);
    if (now >= since + kPatience || budget_ <= Duration::zero()) return false;
    if (known != waits_.end()) return true;
    if (waits_.size() >= kMostWaits) {
        waits_.erase(std::min_element(
            waits_.begin(),
            waits_.end(),
            [](const auto& a, const auto& b) { return a.second < b.second; }
        ));
    }
    waits_.emplace(number, since);
    return true;
}

void UnknownNumbers::stand(Instant now) {
    standing_since_ = now;
}

UnknownNumbers::Duration UnknownNumbers::go_on(Instant now) {
    const auto since = std::exchange(standing_since_, std::nullopt);
    if (!since) return Duration::zero();
    // Longer than patience nobody stands: the partitions went to another, and this is a new batch.
    const auto stood = std::min<Duration>(now - *since, kPatience);
    refill(now);
    budget_ -= stood;
    return stood;
}

void UnknownNumbers::refill(Instant now) {
    budget_ = std::min<Duration>(budget_ + (now - refilled_at_) / kBudgetShare, kBudget);
    refilled_at_ = now;
}

}  // namespace tecnochat::message_router::domain
