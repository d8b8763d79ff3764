#include "url.hpp"

#include <catch2/catch.hpp>

using namespace tecnochat;
using tecnochat::redis::parse_url;

TEST_CASE("a Redis URL is read whole") {
    auto url = parse_url("redis://localhost");
    REQUIRE(url);
    CHECK(url->host == "localhost");
    CHECK(url->port == 6379);
    CHECK(url->database == 0);
    url = parse_url("redis://user:p%40ss@127.0.0.1:7000/3");
    REQUIRE(url);
    CHECK(url->user == "user");
    CHECK(url->password == "p@ss");
    CHECK(url->port == 7000);
    CHECK(url->database == 3);
    url = parse_url("redis://:secret@[::1]:7000/");
    REQUIRE(url);
    CHECK(url->host == "::1");
    CHECK(url->user.empty());
    CHECK(url->password == "secret");
}

TEST_CASE("another host than loopback is refused, for there is no TLS") {
    for (const auto* text :
         {"redis://10.0.0.1:6379", "redis://redis.example", "redis://127.example", "redis://"}) {
        const auto url = parse_url(text);
        REQUIRE_FALSE(url);
        CHECK(url.error().code == ErrorCode::kFailedPrecondition);
    }
}

TEST_CASE("a bad Redis URL is refused") {
    for (const auto* text :
         {"",
          "http://localhost",
          "rediss://localhost",
          "redis://localhost:x",
          "redis://localhost:99999",
          "redis://localhost/x",
          "redis://user@localhost",
          "redis://:%4@localhost"}) {
        CHECK_FALSE(parse_url(text));
    }
}
