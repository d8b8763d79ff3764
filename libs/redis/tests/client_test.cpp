#include "tecnochat/redis/client.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <stdexcept>
#include <thread>

#include "tecnochat/core/environment.hpp"
#include "tecnochat/core/uuid.hpp"

using namespace tecnochat;

namespace {

constexpr Milliseconds kMinute{60'000};

Secret server_url() {
    const auto url = environment_variable("TECNOCHAT_TEST_REDIS_URL");
    if (!url) {
        throw std::runtime_error(
            "TECNOCHAT_TEST_REDIS_URL is not set: this test needs a Redis; ./tecnochat test "
            "provides one"
        );
    }
    return Secret(*url);
}

struct Fixture {
    redis::Client client{server_url()};
    /// Keys of this test alone.
    std::string prefix = "test:" + Uuid::v7(SystemClock().now()).to_string() + ":";
};

using Integers = std::vector<std::int64_t>;

}  // namespace

TEST_CASE_METHOD(Fixture, "a value is kept as it is, for its time") {
    const std::string value("a\0b\r\n\xff", 6);
    CHECK_FALSE(client.get(prefix + "k").value().has_value());
    REQUIRE(client.set(prefix + "k", value, kMinute));
    CHECK(client.get(prefix + "k").value() == value);
    REQUIRE(client.set(prefix + "short", "x", Milliseconds(1)));
    const auto until = Deadline::after(Milliseconds(5000));
    while (client.get(prefix + "short").value().has_value()) REQUIRE_FALSE(until.expired());
}

TEST_CASE_METHOD(Fixture, "a script answers integers, whether the server knows it or not") {
    const std::string script = "return {redis.call('INCRBY', KEYS[1], ARGV[1]), 7} -- " + prefix;
    const std::array keys{prefix + "n"};
    const std::array<std::string, 1> by{"5"};
    CHECK(client.eval(script, keys, by).value() == Integers{5, 7});
    CHECK(client.eval(script, keys, by).value() == Integers{10, 7});
    CHECK(client.eval("return 3", {}, {}).value() == Integers{3});
    CHECK_FALSE(client.eval("return 'text'", {}, {}));
    const auto broken = client.eval("return redis.call('NOSUCH')", {}, {});
    REQUIRE_FALSE(broken);
    CHECK(broken.error().code == ErrorCode::kInternal);
    CHECK(client.reachable());
}

TEST_CASE_METHOD(Fixture, "more threads than connections share them") {
    const std::array keys{prefix + "n"};
    {
        std::vector<std::jthread> threads;
        for (int t = 0; t < 8; ++t) {
            threads.emplace_back([&] {
                for (int i = 0; i < 100; ++i) {
                    [[maybe_unused]] const auto counted =
                        client.eval("return redis.call('INCR', KEYS[1])", keys, {});
                }
            });
        }
    }
    CHECK(client.get(prefix + "n").value() == "800");
}

TEST_CASE("a server that is away fails calls at once") {
    redis::Client client(Secret("redis://127.0.0.1:1"));
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < 100; ++i) {
        const auto value = client.get("k");
        REQUIRE_FALSE(value);
        CHECK(value.error().code == ErrorCode::kUnavailable);
    }
    CHECK(std::chrono::steady_clock::now() - start < Milliseconds(1000));
    CHECK_FALSE(client.reachable());
}

TEST_CASE("a client of another host is not even made") {
    CHECK_THROWS(redis::Client(Secret("redis://10.1.2.3:6379")));
}
