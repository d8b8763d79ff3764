#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <string>

#include "tecnochat/core/clock.hpp"

namespace tecnochat::message_router::domain {

/// Which messages of numbers that the directory does not hold wait for their channel event: a
/// business that has just connected may be written to before its event is here. The consumer stands
/// still meanwhile, for every tenant. So a wait is short and counts from the message's arrival, and
/// all numbers together have one budget of time: many numbers that nobody will ever tell of are
/// nothing unusual. Each of these takes of it once a day, so that it is there for the others.
class UnknownNumbers {
 public:
    using Instant = std::chrono::steady_clock::time_point;
    using Duration = std::chrono::steady_clock::duration;

    /// Several tries of the consumer of channel events, each of which may first pause for a second.
    static constexpr Milliseconds kPatience{5000};
    /// From the beginning of a number's wait until it may be granted another one.
    static constexpr Milliseconds kOncePer = std::chrono::hours(24);
    /// How long the consumer may stand at a stretch, whatever waits.
    static constexpr Milliseconds kBudget = kPatience;
    /// Of so many seconds that pass, one comes back to the budget.
    static constexpr int kBudgetShare = 60;
    /// Waits remembered at most; beyond, the oldest is forgotten.
    static constexpr std::size_t kMostWaits = 1000;

    /// The directory was read, at the start or after a loss: patience begins here at the earliest.
    void directory_read(Instant now);
    /// A server was away, and so channel events may be held up: patience begins anew once the
    /// directory is read again. The budget stays as it is.
    void directory_lost();

    /// Whether a message that arrived `age` ago waits for its number, which the directory, read
    /// just now, does not hold.
    [[nodiscard]] bool awaits(const std::string& number, Milliseconds age, Instant now);

    /// The consumer stands still from now on, for what waits.
    void stand(Instant now);
    /// The consumer goes on; how long it stood, which the budget has paid.
    Duration go_on(Instant now);

 private:
    void refill(Instant now);

    std::optional<Instant> readable_since_;
    std::map<std::string, Instant> waits_;  // number -> since when
    std::optional<Instant> standing_since_;
    /// Below zero where the last wait ended late.
    Duration budget_ = kBudget;
    Instant refilled_at_;
};

}  // namespace tecnochat::message_router::domain
