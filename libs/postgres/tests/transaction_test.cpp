#include "tecnochat/postgres/transaction.hpp"

#include <array>
#include <catch2/catch.hpp>

#include "tecnochat/postgres/testing/sandbox.hpp"

using namespace tecnochat;
using namespace tecnochat::postgres;
using tecnochat::postgres::testing::Sandbox;

namespace {

constexpr std::string_view kInsert =
    "INSERT INTO inbox (tenant_id, consumer, event_id) VALUES ($1::uuid, 'c', $2)";
constexpr std::string_view kCount = "SELECT count(*) FROM inbox";

struct Fixture {
    Sandbox sandbox;
    Pool pool{{sandbox.service_url(), 4, Milliseconds(3000), Milliseconds(5000)}};
    TenantId first = TenantId::generate(SystemClock().now());
    TenantId second = TenantId::generate(SystemClock().now());

    template <class Tenants>
    Transaction begin(const Tenants& tenants) {
        auto transaction = Transaction::begin(pool, tenants, Deadline::after(Milliseconds(5000)));
        REQUIRE(transaction);
        return std::move(transaction).value();
    }
    static std::int64_t count(Transaction& transaction) {
        auto rows = transaction.execute(kCount);
        REQUIRE(rows);
        return (*rows)[0].number("count");
    }
    void store(const TenantId& tenant, std::string_view event) {
        auto transaction = begin(tenant);
        REQUIRE(transaction.execute(kInsert, Params().add(tenant).add(event)));
        REQUIRE(transaction.commit());
    }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "a transaction sees the rows of its tenants and no others") {
    store(first, "a");
    store(second, "b");
    store(second, "c");
    auto only_first = begin(first);
    CHECK(count(only_first) == 1);
    auto both = begin(std::array{first, second});
    CHECK(count(both) == 3);
    auto none = begin(std::span<const TenantId>{});
    CHECK(count(none) == 0);
}

TEST_CASE_METHOD(Fixture, "the tenants end with the transaction") {
    store(first, "a");
    {
        auto transaction = begin(first);
    }
    auto lease = pool.acquire(Deadline::after(Milliseconds(1000)));
    REQUIRE(lease);
    auto rows = (*lease)->execute(kCount);
    REQUIRE(rows);
    CHECK((*rows)[0].number("count") == 0);
}

TEST_CASE_METHOD(Fixture, "rows of another tenant are refused") {
    auto transaction = begin(first);
    auto rows = transaction.execute(kInsert, Params().add(second).add("x"));
    REQUIRE_FALSE(rows);
    CHECK(rows.error().code == ErrorCode::kPermissionDenied);
}

TEST_CASE_METHOD(Fixture, "without a commit nothing stays") {
    {
        auto transaction = begin(first);
        REQUIRE(transaction.execute(kInsert, Params().add(first).add("x")));
    }
    auto transaction = begin(first);
    CHECK(count(transaction) == 0);
}

TEST_CASE_METHOD(Fixture, "a failed savepoint undoes only its own work") {
    auto transaction = begin(first);
    REQUIRE(transaction.execute(kInsert, Params().add(first).add("before")));
    const auto failed = transaction.with_savepoint([&]() -> Status {
        TECNOCHAT_CHECK(transaction.execute(kInsert, Params().add(first).add("inside")));
        const auto nested = transaction.with_savepoint([&]() -> Status {
            TECNOCHAT_CHECK(transaction.execute(kInsert, Params().add(first).add("inside")));
            return ok();
        });
        CHECK_FALSE(nested);
        TECNOCHAT_CHECK(transaction.execute("SELECT 1/0"));
        return ok();
    });
    REQUIRE_FALSE(failed);
    CHECK(failed.error().reason == "22012");
    CHECK(transaction.with_savepoint([&]() -> Status {
        TECNOCHAT_CHECK(transaction.execute(kInsert, Params().add(first).add("after")));
        return ok();
    }));
    REQUIRE(transaction.commit());
    CHECK(
        sandbox.query("SELECT string_agg(event_id, ',' ORDER BY event_id) FROM inbox") ==
        "after,before"
    );
}

TEST_CASE_METHOD(Fixture, "a transaction with a failed statement does not pretend to commit") {
    auto transaction = begin(first);
    REQUIRE_FALSE(transaction.execute("SELECT 1/0"));
    const auto committed = transaction.commit();
    REQUIRE_FALSE(committed);
    CHECK(committed.error().reason == "25P02");
}

TEST_CASE_METHOD(Fixture, "a server killed in mid-transaction is kUnavailable and stores nothing") {
    auto transaction = begin(first);
    REQUIRE(transaction.execute(kInsert, Params().add(first).add("x")));
    sandbox.terminate_service_connections();
    const auto failed = transaction.with_savepoint([]() -> Status { return ok(); });
    REQUIRE_FALSE(failed);
    CHECK(failed.error().code == ErrorCode::kUnavailable);
    const auto committed = transaction.commit();
    REQUIRE_FALSE(committed);
    CHECK(committed.error().code == ErrorCode::kUnavailable);
    auto next = begin(first);
    CHECK(count(next) == 0);
}

TEST_CASE_METHOD(Fixture, "the deadline holds for the whole transaction") {
    auto transaction = Transaction::begin(pool, first, Deadline::after(Milliseconds(150)));
    REQUIRE(transaction);
    const auto slept = transaction->execute("SELECT pg_sleep(30)");
    REQUIRE_FALSE(slept);
    CHECK(slept.error().code == ErrorCode::kDeadlineExceeded);
    CHECK_FALSE(transaction->commit());
}

TEST_CASE_METHOD(Fixture, "relaxed durability still commits") {
    auto transaction = begin(first);
    REQUIRE(transaction.relax_durability());
    REQUIRE(transaction.execute(kInsert, Params().add(first).add("x")));
    REQUIRE(transaction.commit());
    CHECK(sandbox.query("SELECT count(*)::text FROM inbox") == "1");
}
