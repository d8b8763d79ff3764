// Goal: Meta's two limits hold, and their tokens come back with time.
#include <catch2/catch.hpp>

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

ConversationId pair(int n) {
    return ConversationId(Uuid::v5(kTecnochatNamespace, std::to_string(n)));
}

}  // namespace

TEST_CASE("one customer gets a burst of 45, then one message per 6 seconds") {
    HandClock clock;
    TokenBucketLimiter limiter(clock);
    for (int i = 0; i < 45; ++i) REQUIRE(limiter.acquire("n", pair(1)) == Milliseconds(0));
    const auto wait = limiter.acquire("n", pair(1));
    CHECK(wait > Milliseconds(5'900));
    CHECK(wait <= Milliseconds(6'001));
    clock.advance(wait);
    CHECK(limiter.acquire("n", pair(1)) == Milliseconds(0));
    CHECK(limiter.acquire("n", pair(1)) > Milliseconds(0));
    CHECK(limiter.acquire("n", pair(2)) == Milliseconds(0));
}

TEST_CASE("a number sends 80 messages at once and 80 more each second") {
    HandClock clock;
    TokenBucketLimiter limiter(clock);
    for (int i = 0; i < 80; ++i) REQUIRE(limiter.acquire("n", pair(i)) == Milliseconds(0));
    CHECK(limiter.acquire("n", pair(100)) > Milliseconds(0));
    CHECK(limiter.acquire("other", pair(100)) == Milliseconds(0));
    clock.advance(std::chrono::seconds(1));
    for (int i = 0; i < 80; ++i) REQUIRE(limiter.acquire("n", pair(200 + i)) == Milliseconds(0));
    CHECK(limiter.acquire("n", pair(300)) > Milliseconds(0));
}

TEST_CASE("a refusal takes no token of either bucket") {
    HandClock clock;
    TokenBucketLimiter limiter(clock);
    for (int i = 0; i < 45; ++i) REQUIRE(limiter.acquire("n", pair(1)) == Milliseconds(0));
    for (int i = 0; i < 100; ++i) REQUIRE(limiter.acquire("n", pair(1)) > Milliseconds(0));
    for (int i = 0; i < 35; ++i) REQUIRE(limiter.acquire("n", pair(2 + i)) == Milliseconds(0));
}

}  // namespace tecnochat::whatsapp_connector
