// Goal: nothing is read from or written to a PostgreSQL on another machine but by verified TLS.
// Method: connection strings, judged without connecting.
#include "transport.hpp"

#include <catch2/catch.hpp>
#include <stdexcept>

#include "tecnochat/postgres/pool.hpp"

namespace tecnochat::postgres {

TEST_CASE("a server on this machine may be spoken to as its URL says") {
    for (const auto* url :
         {"postgresql://router@127.0.0.1:5432/router",
          "postgresql://localhost/router?sslmode=disable",
          "postgresql://[::1]/router",
          "postgresql:///router?host=/run/postgresql",
          "host=/run/postgresql dbname=router"}) {
        INFO(url);
        CHECK(check_transport(url));
    }
}

TEST_CASE("a server elsewhere needs TLS that checks who answers") {
    CHECK(check_transport("postgresql://db.example/router?sslmode=verify-full&sslrootcert=ca.crt"));
    CHECK(check_transport("service=prod sslmode=verify-full"));
    for (const auto* url :
         {"postgresql://db.example/router",
          "postgresql://db.example/router?sslmode=require",
          "postgresql://db.example/router?sslmode=verify-ca",
          "postgresql://127.0.0.1,db.example/router",
          "postgresql://localhost/router?hostaddr=192.0.2.1",
          "service=prod",
          "postgresql:///router?service=prod"}) {
        INFO(url);
        const auto checked = check_transport(url);
        REQUIRE_FALSE(checked);
        CHECK(checked.error().code == ErrorCode::kFailedPrecondition);
    }
    CHECK_THROWS_AS(Pool({.url = Secret("postgresql://db.example/router")}), std::runtime_error);
}

TEST_CASE("what is no PostgreSQL URL is refused without repeating it: it may hold a password") {
    const auto checked = check_transport("postgresql://user:hunter2@[::1/x");
    REQUIRE_FALSE(checked);
    CHECK(checked.error().code == ErrorCode::kInvalidArgument);
    CHECK(checked.error().message.find("hunter2") == std::string::npos);
}

}  // namespace tecnochat::postgres
