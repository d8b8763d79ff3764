// How long messages wait for the channel event of their number.
#include "domain/unknown_numbers.hpp"

#include <catch2/catch.hpp>

namespace tecnochat::message_router::domain {
namespace {

using namespace std::chrono_literals;

constexpr auto kPatience = UnknownNumbers::kPatience;
constexpr UnknownNumbers::Instant kStart{24h};

/// Has been reading the directory for long.
UnknownNumbers settled() {
    UnknownNumbers numbers;
    [[maybe_unused]] const bool first = numbers.awaits("first", 0ms, kStart - 1h);
    return numbers;
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

TEST_CASE("a flood for one number is waited with once in a while") {
    auto numbers = settled();
    auto waited = 0ms;
    for (auto at = 0ms; at < 10 * UnknownNumbers::kOncePer; at += 100ms)
        if (numbers.awaits("1", 0ms, kStart + at)) waited += 100ms;
    CHECK(waited == 10 * kPatience);
}

TEST_CASE("patience begins when the directory can be read, at the start and after a loss") {
    UnknownNumbers numbers;
    if (GENERATE(false, true)) {
        numbers = settled();
        CHECK(numbers.awaits("1", 0ms, kStart - 30s));
        numbers.directory_lost();
    }
    CHECK(numbers.awaits("1", 1h, kStart));
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

TEST_CASE("only so many numbers are waited for") {
    auto numbers = settled();
    for (std::size_t i = 0; i < UnknownNumbers::kMostWaits; ++i)
        CHECK(numbers.awaits(std::to_string(i), 0ms, kStart));
    CHECK_FALSE(numbers.awaits("one more", 0ms, kStart));
    CHECK(numbers.awaits("one more", 0ms, kStart + UnknownNumbers::kOncePer));
}

}  // namespace
}  // namespace tecnochat::message_router::domain
