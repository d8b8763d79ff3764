#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <string>

#include "tecnochat/core/clock.hpp"

namespace tecnochat::message_router::domain {

/// Which messages of numbers that the directory does not hold wait for their channel event: a
/// business that has just connected may be written to before its event is here. Everything behind
/// such a message waits too. So the wait is short, counts from the message's arrival, and is
/// granted to a number once in a while only, however much comes for it.
class UnknownNumbers {
 public:
    using Instant = std::chrono::steady_clock::time_point;

    /// Several tries of the consumer of channel events, each of which may first pause for a second.
    static constexpr Milliseconds kPatience{5000};
    /// From the beginning of a number's wait until it may be granted another one.
    static constexpr Milliseconds kOncePer{60'000};
    /// Waits remembered at most; numbers beyond are not waited for.
    static constexpr std::size_t kMostWaits = 1000;

    /// Whether a message that arrived `age` ago waits for its number, which the directory, read
    /// just now, does not hold.
    [[nodiscard]] bool awaits(const std::string& number, Milliseconds age, Instant now);

    /// A server was away, and so channel events may be held up: patience begins anew once the
    /// directory is read again, as it does at the start.
    void directory_lost();

 private:
    std::optional<Instant> readable_since_;
    std::map<std::string, Instant> waits_;  // number -> since when
};

}  // namespace tecnochat::message_router::domain
