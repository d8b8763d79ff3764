// How long messages wait for the channel event of their number, and how long all others with them.
#include "domain/unknown_numbers.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <vector>

namespace tecnochat::message_router::domain {
namespace {

using namespace std::chrono_literals;

constexpr auto kPatience = UnknownNumbers::kPatience;
constexpr UnknownNumbers::Instant kStart{1000h};

/// Has been reading the directory for long.
UnknownNumbers settled() {
    UnknownNumbers numbers;
    numbers.directory_read(kStart - 1h);
    return numbers;
}

struct Arrival {
    UnknownNumbers::Instant at;
    std::string number;
};

/// The consumer of messages while nobody tells of any number: takes what has arrived, and takes it
/// again after growing pauses while some of it waits.
class Consumer {
 public:
    void take(std::vector<Arrival> arrivals) {
        std::sort(arrivals.begin(), arrivals.end(), [](const auto& a, const auto& b) {
            return a.at < b.at;
        });
        for (auto next = arrivals.begin(); next != arrivals.end();) {
            now_ = std::max(now_, next->at);
            const auto end = std::find_if(next, arrivals.end(), [&](const auto& arrival) {
                return arrival.at > now_;
            });
            settle({next, end});
            next = end;
        }
    }
    [[nodiscard]] Milliseconds stood() const { return stood_; }
    /// What UnknownNumbers has counted.
    [[nodiscard]] UnknownNumbers::Duration counted() const { return counted_; }

 private:
    void settle(std::vector<Arrival> batch) {
        for (auto pause = 50ms;; pause = std::min<Milliseconds>(2 * pause, 1s)) {
            counted_ += numbers_.go_on(now_);
            numbers_.directory_read(now_);
            std::erase_if(batch, [&](const auto& arrival) {
                const auto age = std::chrono::duration_cast<Milliseconds>(now_ - arrival.at);
                return !numbers_.awaits(arrival.number, age, now_);
            });
            if (batch.empty()) return;
            numbers_.stand(now_);
            now_ += pause;
            stood_ += pause;
        }
    }

    UnknownNumbers numbers_;
    UnknownNumbers::Instant now_ = kStart;
    Milliseconds stood_{0};
    UnknownNumbers::Duration counted_{0};
};

constexpr int kNumbers = 100;

/// For an hour each number is written to once a minute, at a moment of its own.
template <class Name>
std::vector<Arrival> an_hour(unsigned seed, Name&& name) {
    std::mt19937 random(seed);
    std::uniform_int_distribution<int> phase(0, 59'999);
    std::vector<Arrival> arrivals;
    for (int number = 0; number < kNumbers; ++number) {
        const auto first = kStart + Milliseconds(phase(random));
        for (int minute = 0; minute < 60; ++minute)
            arrivals.push_back({first + std::chrono::minutes(minute), name(number, minute)});
    }
    return arrivals;
}

std::string same(int number, int /*minute*/) {
    return std::to_string(number);
}

TEST_CASE("a message waits from its arrival on, and no longer than patience lasts") {
    auto numbers = settled();
    CHECK(numbers.awaits("1", 1s, kStart));
    CHECK(numbers.awaits("1", kPatience - 1ms, kStart + kPatience - 1s - 1ms));
    CHECK_FALSE(numbers.awaits("1", kPatience, kStart + kPatience - 1s));
}

TEST_CASE("what has waited on the topic long enough does not wait again") {
    auto numbers = settled();
    for (const auto* number : {"1", "2", "3"}) {
        CHECK(numbers.awaits(number, kPatience - 1ms, kStart));
        CHECK_FALSE(numbers.awaits(std::string("old ") + number, kPatience, kStart));
    }
    SECTION("which takes no patience from what comes later") {
        CHECK(numbers.awaits("old 1", 0ms, kStart + 1s));
    }
}

TEST_CASE("a number nobody tells of is waited with once a day, however much comes for it") {
    auto numbers = settled();
    CHECK(numbers.awaits("1", 0ms, kStart));
    for (auto at = kPatience; at < UnknownNumbers::kOncePer; at += 1s)
        REQUIRE_FALSE(numbers.awaits("1", 0ms, kStart + at));
    CHECK(numbers.awaits("1", 0ms, kStart + UnknownNumbers::kOncePer));
}

TEST_CASE("all numbers together stand the consumer still for a sixtieth of the time") {
    constexpr Milliseconds kMost =
        UnknownNumbers::kBudget + Milliseconds(1h) / UnknownNumbers::kBudgetShare;
    constexpr Milliseconds kLastPause = 1s;
    const auto seed = GENERATE(range(1U, 11U));
    CAPTURE(seed);
    Consumer consumer;
    SECTION("a hundred that are written to every minute") {
        consumer.take(an_hour(seed, same));
        CHECK(consumer.stood() <= kMost + kLastPause);
    }
    SECTION("a hundred new ones every minute") {
        consumer.take(an_hour(seed, [](int number, int minute) {
            return std::to_string(number) + " " + std::to_string(minute);
        }));
        CHECK(consumer.stood() <= kMost + kLastPause);
        CHECK(consumer.stood() >= kMost - kLastPause);
    }
    CHECK(consumer.counted() == consumer.stood());
}

TEST_CASE("a number that was just connected is waited with, whatever the others did") {
    const auto seed = GENERATE(range(1U, 11U));
    CAPTURE(seed);
    auto others = an_hour(seed, same);
    const auto last =
        std::max_element(others.begin(), others.end(), [](const auto& a, const auto& b) {
            return a.at < b.at;
        })->at;
    Consumer consumer;
    consumer.take(std::move(others));
    const auto before = consumer.stood();
    consumer.take({{last, "just connected"}});
    CHECK(consumer.stood() - before >= kPatience);
}

TEST_CASE("waits at the same time take of the budget once, and what is left over is for the next") {
    auto numbers = settled();
    for (const auto* number : {"1", "2"}) CHECK(numbers.awaits(number, 0ms, kStart));
    numbers.stand(kStart);
    CHECK(numbers.go_on(kStart + 2s) == 2s);
    CHECK(numbers.go_on(kStart + 3s) == 0s);
    CHECK(numbers.awaits("3", 0ms, kStart + 3s));
    numbers.stand(kStart + 3s);
    CHECK(numbers.go_on(kStart + 7s) == 4s);
    CHECK_FALSE(numbers.awaits("3", 4s, kStart + 7s));
    CHECK_FALSE(numbers.awaits("4", 0ms, kStart + 7s));
    CHECK(numbers.awaits("4", 0ms, kStart + 7s + UnknownNumbers::kBudgetShare * 1s));
}

TEST_CASE("a batch that went to another replica takes no more of the budget than patience") {
    auto numbers = settled();
    CHECK(numbers.awaits("1", 0ms, kStart));
    numbers.stand(kStart);
    CHECK(numbers.go_on(kStart + 1h) == kPatience);
    CHECK(numbers.awaits("2", 0ms, kStart + 1h + UnknownNumbers::kBudgetShare * 1s));
}

TEST_CASE("patience begins when the directory can be read, at the start and after a loss") {
    UnknownNumbers numbers;
    if (GENERATE(false, true)) {
        numbers = settled();
        CHECK(numbers.awaits("1", 0ms, kStart - 30s));
        numbers.directory_lost();
    }
    numbers.directory_read(kStart);
    numbers.directory_read(kStart + 1s);
    CHECK(numbers.awaits("1", 1h, kStart + 1s));
    CHECK(numbers.awaits("2", 1h, kStart + kPatience - 1ms));
    CHECK_FALSE(numbers.awaits("1", 1h, kStart + kPatience));
    CHECK_FALSE(numbers.awaits("2", 1h, kStart + kPatience));
    CHECK_FALSE(numbers.awaits("3", 1h, kStart + kPatience));
}

TEST_CASE("another machine's clock does not lengthen the wait") {
    auto numbers = settled();
    CHECK(numbers.awaits("1", -1h, kStart));
    CHECK_FALSE(numbers.awaits("1", -1h, kStart + kPatience));
}

TEST_CASE("only so many numbers are remembered, the youngest") {
    auto numbers = settled();
    for (std::size_t i = 0; i <= UnknownNumbers::kMostWaits; ++i)
        CHECK(numbers.awaits(std::to_string(i), 0ms, kStart + i * 1ms));
    CHECK(numbers.awaits("0", 0ms, kStart + 1min));
    CHECK_FALSE(numbers.awaits("2", 0ms, kStart + 1min));
}

}  // namespace
}  // namespace tecnochat::message_router::domain
