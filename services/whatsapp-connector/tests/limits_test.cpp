// Goal: Meta's two limits hold, and their tokens come back with time.
#include <catch2/catch.hpp>

#include "clients/buckets.hpp"
#include "clients/token_bucket_limiter.hpp"

namespace tecnochat::whatsapp_connector {
namespace {

class HandClock final : public Clock {
 public:
    [[nodiscard]] Timestamp now() const override { return Timestamp{}; }
    [[nodiscard]] std::chrono::steady_clock::time_point steady_now() const override { return now_; }
    void advance(std::chrono::milliseconds by) { now_ += by; }

 private:
    std::chrono::steady_clock::time_point now_{};
};

constexpr int kNumberBurst = static_cast<int>(kNumberBucket.capacity);
constexpr int kPairBurst = static_cast<int>(kPairBucket.capacity);

ConversationId pair(int n) {
    return ConversationId(Uuid::v5(kTecnochatNamespace, std::to_string(n)));
}

}  // namespace

TEST_CASE(
    "one customer gets nearly a burst of 45, then a little less than one message per 6 seconds"
) {
    HandClock clock;
    TokenBucketLimiter limiter(clock);
    for (int i = 0; i < kPairBurst; ++i)
        REQUIRE(limiter.acquire("n", pair(1)).wait == Milliseconds(0));
    const auto wait = limiter.acquire("n", pair(1)).wait;
    CHECK(wait > Milliseconds(6'000));
    CHECK(wait <= Milliseconds(6'101));
    clock.advance(wait);
    CHECK(limiter.acquire("n", pair(1)).wait == Milliseconds(0));
    CHECK(limiter.acquire("n", pair(1)).wait > Milliseconds(0));
    CHECK(limiter.acquire("n", pair(2)).wait == Milliseconds(0));
}

TEST_CASE("a number sends nearly 80 messages at once, and as many more each second") {
    HandClock clock;
    TokenBucketLimiter limiter(clock);
    for (int i = 0; i < kNumberBurst; ++i)
        REQUIRE(limiter.acquire("n", pair(i)).wait == Milliseconds(0));
    CHECK(limiter.acquire("n", pair(100)).wait > Milliseconds(0));
    CHECK(limiter.acquire("other", pair(100)).wait == Milliseconds(0));
    clock.advance(std::chrono::seconds(1));
    for (int i = 0; i < kNumberBurst; ++i)
        REQUIRE(limiter.acquire("n", pair(200 + i)).wait == Milliseconds(0));
    CHECK(limiter.acquire("n", pair(300)).wait > Milliseconds(0));
}

TEST_CASE("our limits stay a little below Meta's") {
    CHECK(kNumberBucket.capacity < 80);
    CHECK(kNumberBucket.per_second < 80);
    CHECK(kNumberBucket.per_second > 70);
    CHECK(kPairBucket.capacity < 45);
    CHECK(kPairBucket.per_second < 1.0 / 6);
}

TEST_CASE("the whole number waits only where its own bucket is empty") {
    HandClock clock;
    TokenBucketLimiter limiter(clock);
    for (int i = 0; i < kPairBurst; ++i) limiter.acquire("n", pair(1));
    CHECK_FALSE(limiter.acquire("n", pair(1)).whole_number);
    for (int i = kPairBurst; i < kNumberBurst; ++i) limiter.acquire("n", pair(2));
    CHECK(limiter.acquire("n", pair(3)).whole_number);
}

TEST_CASE("a refusal takes no token of either bucket") {
    HandClock clock;
    TokenBucketLimiter limiter(clock);
    for (int i = 0; i < kPairBurst; ++i)
        REQUIRE(limiter.acquire("n", pair(1)).wait == Milliseconds(0));
    for (int i = 0; i < 100; ++i) REQUIRE(limiter.acquire("n", pair(1)).wait > Milliseconds(0));
    for (int i = 0; i < kNumberBurst - kPairBurst; ++i)
        REQUIRE(limiter.acquire("n", pair(2 + i)).wait == Milliseconds(0));
}

}  // namespace tecnochat::whatsapp_connector
