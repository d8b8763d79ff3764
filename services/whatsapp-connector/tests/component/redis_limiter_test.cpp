// Goal: replicas share Meta's limits through Redis, and go on alone without it. Method: a real
// Redis (TECNOCHAT_TEST_REDIS_URL) with keys of each test's own.
#include "clients/redis_limiter.hpp"

#include <catch2/catch.hpp>
#include <stdexcept>

#include "clients/buckets.hpp"
#include "tecnochat/core/clock.hpp"
#include "tecnochat/core/environment.hpp"

namespace tecnochat::whatsapp_connector::testing {
namespace {

Secret server() {
    const auto url = environment_variable("TECNOCHAT_TEST_REDIS_URL");
    if (!url) {
        throw std::runtime_error(
            "TECNOCHAT_TEST_REDIS_URL is not set: run this through ./tecnochat test component"
        );
    }
    return Secret(*url);
}

struct Replica {
    explicit Replica(const Secret& url) : redis(url) {}
    SystemClock clock;
    telemetry::Metrics metrics;
    redis::Client redis;
    RedisLimiter limiter{redis, clock, metrics};
};

ConversationId new_pair() {
    return ConversationId::generate(SystemClock().now());
}

std::string new_number() {
    return new_pair().to_string();
}

constexpr int kNumberBurst = static_cast<int>(kNumberBucket.capacity);
constexpr int kPairBurst = static_cast<int>(kPairBucket.capacity);

bool went_alone(const Replica& replica) {
    return replica.metrics.serialize().find("tecnochat_limits_without_redis_total 0") ==
           std::string::npos;
}

}  // namespace

TEST_CASE("two replicas share the burst of one customer") {
    Replica one(server());
    Replica other(server());
    const auto number = new_number();
    const auto pair = new_pair();
    for (int i = 0; i < kPairBurst; ++i) {
        auto& replica = i % 2 == 0 ? one : other;
        REQUIRE(replica.limiter.acquire(number, pair).wait == Milliseconds(0));
    }
    for (auto* replica : {&one, &other}) {
        const auto wait = replica->limiter.acquire(number, pair).wait;
        CHECK(wait > Milliseconds(1'000));
        CHECK(wait <= Milliseconds(6'101));
        CHECK_FALSE(went_alone(*replica));
    }
    CHECK(one.limiter.acquire(number, new_pair()).wait == Milliseconds(0));
}

TEST_CASE("a number's rate is shared by all its customers") {
    Replica replica(server());
    const auto number = new_number();
    int passed = 0;
    Milliseconds wait{0};
    // The bucket fills while it is emptied: more than its size may pass, but never more than time
    // gave.
    const auto begun = std::chrono::steady_clock::now();
    while (wait == Milliseconds(0) && passed < 1000) {
        wait = replica.limiter.acquire(number, new_pair()).wait;
        if (wait == Milliseconds(0)) ++passed;
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
    CHECK(passed >= kNumberBurst);
    CHECK(passed <= kNumberBurst + 1 + static_cast<int>(took.count() * kNumberBucket.per_second));
    CHECK(wait <= Milliseconds(14));
    CHECK(replica.limiter.acquire(new_number(), new_pair()).wait == Milliseconds(0));
    CHECK_FALSE(went_alone(replica));
}

TEST_CASE("without Redis a replica keeps the limits alone, and says so") {
    Replica replica(Secret("redis://127.0.0.1:1/0"));
    const auto number = new_number();
    const auto pair = new_pair();
    for (int i = 0; i < kPairBurst; ++i)
        REQUIRE(replica.limiter.acquire(number, pair).wait == Milliseconds(0));
    CHECK(replica.limiter.acquire(number, pair).wait > Milliseconds(0));
    CHECK(went_alone(replica));
}

}  // namespace tecnochat::whatsapp_connector::testing
