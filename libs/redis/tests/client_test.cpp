// Goal: what may be lost is fast while Redis is there and never in the way while it is not. Real
// Redis (TECNOCHAT_TEST_REDIS_URL).
#include "tecnochat/redis/client.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <cstdlib>

#include "tecnochat/core/uuid.hpp"

namespace tecnochat::redis {
namespace {

Secret server() {
    const char* url = std::getenv("TECNOCHAT_TEST_REDIS_URL");
    if (url == nullptr)
        FAIL("TECNOCHAT_TEST_REDIS_URL is not set: run this through ./tecnochat test component");
    return Secret(url);
}

std::string new_key() {
    return "test:" + Uuid::v7(SystemClock().now()).to_string();
}

}  // namespace

TEST_CASE("a value comes back until its time is over") {
    Client redis(server());
    const auto key = new_key();
    CHECK_FALSE(redis.get(key).value().has_value());
    REQUIRE(redis.set(key, std::string("a\0b", 3), Milliseconds(60'000)));
    CHECK(redis.get(key).value() == std::string("a\0b", 3));
}

TEST_CASE("a script answers with numbers, also after the server forgot it") {
    Client redis(server());
    const std::array<std::string, 1> keys{new_key()};
    const std::array<std::string, 1> arguments{"5"};
    const std::string add = "return redis.call('INCRBY', KEYS[1], ARGV[1])";
    CHECK(redis.eval(add, keys, arguments).value() == std::vector<std::int64_t>{5});
    const std::array<std::string, 0> none;
    REQUIRE(redis.eval("return 1", none, none));
    CHECK(redis.eval(add, keys, arguments).value() == std::vector<std::int64_t>{10});
    CHECK(redis.eval("return {1, 2, 3}", none, none).value() == std::vector<std::int64_t>{1, 2, 3});
}

TEST_CASE("a script that fails is an error, and the connection lives on") {
    Client redis(server(), 1);
    const std::array<std::string, 0> none;
    CHECK(
        redis.eval("return redis.call('NOSUCH')", none, none).error().code == ErrorCode::kInternal
    );
    CHECK(redis.reachable());
}

TEST_CASE("without a server every call fails at once as unavailable") {
    Client redis(Secret("redis://127.0.0.1:1/0"));
    for (int i = 0; i < 50; ++i) CHECK(redis.get("k").error().code == ErrorCode::kUnavailable);
    CHECK_FALSE(redis.reachable());
}

TEST_CASE("only loopback may be spoken to in plain text, and a bad URL says what is bad") {
    CHECK_THROWS_WITH(Client(Secret("redis://10.0.0.5:6379/0")), Catch::Contains("TLS proxy"));
    CHECK_THROWS_WITH(Client(Secret("rediss://127.0.0.1")), Catch::Contains("redis://"));
    CHECK_THROWS_WITH(Client(Secret("redis://127.0.0.1:port")), Catch::Contains("port"));
}

}  // namespace tecnochat::redis
