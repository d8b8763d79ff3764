// Goal: host:port is read as people write it, and everything else refused.
#include "listen_address.hpp"

#include <catch2/catch.hpp>

using namespace tecnochat::runtime;

TEST_CASE("addresses are split at the port") {
    CHECK(parse_listen_address("127.0.0.1:9090").value() == ListenAddress{"127.0.0.1", 9090});
    CHECK(parse_listen_address("0.0.0.0:0").value() == ListenAddress{"0.0.0.0", 0});
    CHECK(parse_listen_address("[::1]:80").value() == ListenAddress{"::1", 80});
    CHECK(parse_listen_address("localhost:65535").value() == ListenAddress{"localhost", 65535});
}

TEST_CASE("malformed addresses are refused") {
    for (const char* text :
         {"", "9090", ":9090", "host:", "host:x", "host:-1", "host:65536", "::1:80"}) {
        INFO(text);
        CHECK_FALSE(parse_listen_address(text));
    }
}
