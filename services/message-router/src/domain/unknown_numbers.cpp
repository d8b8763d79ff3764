#include "domain/unknown_numbers.hpp"

#include <algorithm>

namespace tecnochat::message_router::domain {

bool UnknownNumbers::awaits(const std::string& number, Milliseconds age, Instant now) {
    if (!readable_since_) readable_since_ = now;
    std::erase_if(waits_, [&](const auto& wait) { return now >= wait.second + kOncePer; });
    const auto known = waits_.find(number);
    if (known != waits_.end()) return now < known->second + kPatience;

    // An age below zero is another machine's clock.
    const Instant since = std::max(now - std::max(age, Milliseconds(0)), *readable_since_);
    if (now >= since + kPatience || waits_.size() >= kMostWaits) return false;
    waits_.emplace(number, since);
    return true;
}

void UnknownNumbers::directory_lost() {
    readable_since_.reset();
    waits_.clear();
}

}  // namespace tecnochat::message_router::domain
