#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <future>

#include "tecnochat/postgres/testing/sandbox.hpp"
#include "tecnochat/postgres/transaction.hpp"
#include "tecnochat/testkit/eventually.hpp"

using namespace tecnochat;
using namespace tecnochat::postgres;
using tecnochat::postgres::testing::Sandbox;

namespace {

constexpr Milliseconds kLong{60'000};
constexpr Milliseconds kShort{100};
constexpr Milliseconds kSoon{10'000};

Deadline late() {
    return Deadline::after(kLong);
}

/// A server that takes connections and says nothing.
struct SilentServer {
    int socket = ::socket(AF_INET, SOCK_STREAM, 0);
    int port = 0;

    SilentServer() {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof(address);
        auto* const generic = reinterpret_cast<sockaddr*>(&address);
        REQUIRE(bind(socket, generic, size) == 0);
        REQUIRE(listen(socket, 5) == 0);
        REQUIRE(getsockname(socket, generic, &size) == 0);
        port = ntohs(address.sin_port);
    }
    ~SilentServer() { close(socket); }
};

}  // namespace

TEST_CASE("stopping a pool ends the waits that last beyond it") {
    Sandbox sandbox;
    Pool pool({sandbox.service_url(), 1, Milliseconds(3000), kLong});
    auto transaction = Transaction::begin(pool, std::span<const TenantId>{}, late());
    REQUIRE(transaction);
    REQUIRE(transaction->execute("SELECT 1"));
    auto statement =
        std::async(std::launch::async, [&] { return transaction->execute("SELECT pg_sleep(60)"); });
    auto acquired = std::async(std::launch::async, [&] { return pool.acquire(late()); });
    // Whether the two wait already or not yet makes no difference.
    const auto stopped = std::chrono::steady_clock::now();
    pool.stop(Deadline::after(kShort));
    const auto rows = statement.get();
    REQUIRE_FALSE(rows);
    CHECK(rows.error().code == ErrorCode::kDeadlineExceeded);
    const auto lease = acquired.get();
    REQUIRE_FALSE(lease);
    CHECK(lease.error().code == ErrorCode::kDeadlineExceeded);
    CHECK_FALSE(transaction->commit());
    CHECK(std::chrono::steady_clock::now() - stopped < kSoon);
    sandbox.terminate_service_connections();
}

TEST_CASE("stopping a pool ends a wait that has begun") {
    Sandbox sandbox;
    Pool pool({sandbox.service_url(), 1, Milliseconds(3000), kLong});
    auto lease = pool.acquire(late());
    REQUIRE(lease);
    const auto asleep = [&] {
        return sandbox.count(
            "SELECT count(*)::text FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(59)%' "
            "AND wait_event = 'PgSleep'"
        );
    };
    auto statement =
        std::async(std::launch::async, [&] { return (*lease)->execute("SELECT pg_sleep(59)"); });
    REQUIRE(testkit::eventually(kSoon, [&] { return asleep() == 1; }));
    pool.stop(Deadline::after(kShort));
    const auto rows = statement.get();
    REQUIRE_FALSE(rows);
    CHECK(rows.error().code == ErrorCode::kDeadlineExceeded);
    sandbox.terminate_service_connections();
}

TEST_CASE("stopping a pool ends the opening of a connection") {
    SilentServer server;
    Pool pool({Secret(fmt::format("postgresql://x@127.0.0.1:{}/x", server.port)), 1, kLong, kLong});
    auto acquired = std::async(std::launch::async, [&] { return pool.acquire(late()); });
    const auto stopped = std::chrono::steady_clock::now();
    pool.stop(Deadline::after(kShort));
    CHECK_FALSE(acquired.get());
    CHECK(std::chrono::steady_clock::now() - stopped < kSoon);
}

TEST_CASE("until its deadline a stopping pool works on") {
    Sandbox sandbox;
    Pool pool({sandbox.service_url(), 1, Milliseconds(3000), kLong});
    pool.stop(late());
    auto transaction = Transaction::begin(pool, std::span<const TenantId>{}, late());
    REQUIRE(transaction);
    REQUIRE(transaction->execute("SELECT 1"));
    REQUIRE(transaction->commit());
}
