#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>

#include "tecnochat/postgres/testing/sandbox.hpp"
#include "tecnochat/postgres/transaction.hpp"

using namespace tecnochat;
using namespace tecnochat::postgres;
using tecnochat::postgres::testing::Sandbox;

namespace {

constexpr std::string_view kInsert =
    "INSERT INTO inbox (tenant_id, consumer, event_id) VALUES ($1::uuid, 'c', $2)";
constexpr std::string_view kCount = "SELECT count(*) AS count FROM inbox";

Deadline soon() {
    return Deadline::after(Milliseconds(5000));
}

StepFailpoints commit_step{"postgres-test.commit"};

struct Fixture {
    Sandbox sandbox;
    // One connection: every transaction of a test has the same.
    Pool pool{{sandbox.service_url(), 1, Milliseconds(3000), Milliseconds(5000)}};
    TenantId tenant = TenantId::generate(SystemClock().now());

    Transaction begin() {
        auto transaction = Transaction::begin(pool, tenant, soon());
        REQUIRE(transaction);
        return std::move(transaction).value();
    }
    Params event(std::string_view id) const { return Params().add(tenant).add(id); }
    std::uint64_t round_trips() {
        auto lease = pool.acquire(soon());
        REQUIRE(lease);
        return (*lease)->round_trips();
    }
    std::string events() {
        return sandbox.query("SELECT string_agg(event_id, ',' ORDER BY event_id) FROM inbox");
    }
    std::string service_pid() {
        auto lease = pool.acquire(soon());
        REQUIRE(lease);
        auto rows = (*lease)->execute("SELECT pg_backend_pid()::text AS pid");
        REQUIRE(rows);
        return (*rows)[0].text("pid");
    }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "a whole transaction of queued statements is one round trip") {
    for (int round = 0; round < 2; ++round) {  // prepared anew, and prepared already
        const auto before = round_trips();
        {
            auto transaction = begin();
            REQUIRE(transaction.relax_durability());
            std::vector<Pending> pending;
            for (int i = 0; i < 10; ++i) {
                pending.push_back(transaction.send(
                    kInsert, event(std::to_string(round) + "." + std::to_string(i))
                ));
            }
            const auto counted = transaction.send(kCount);
            REQUIRE(transaction.commit(&commit_step));
            for (const auto& insert : pending) CHECK(insert.affected() == 1);
            CHECK(counted.rows()[0].number("count") == 10 * (round + 1));
        }
        CHECK(round_trips() - before == 1);
    }
    CHECK(sandbox.query("SELECT count(*)::text FROM inbox") == "20");
}

TEST_CASE_METHOD(Fixture, "BEGIN travels with the first statement, COMMIT with the last") {
    const auto before = round_trips();
    {
        auto transaction = begin();
        const auto insert = transaction.send(kInsert, event("a"));
        const auto rows = transaction.execute(kCount);
        REQUIRE(rows);
        CHECK((*rows)[0].number("count") == 1);
        CHECK(insert.affected() == 1);
        REQUIRE(transaction.commit());
    }
    CHECK(round_trips() - before == 2);
    CHECK(events() == "a");
}

TEST_CASE_METHOD(Fixture, "a transaction that executes nothing sends nothing") {
    const auto before = round_trips();
    REQUIRE(begin().commit(&commit_step));
    {
        auto transaction = begin();
        REQUIRE(transaction.relax_durability());
    }
    CHECK(round_trips() == before);
}

TEST_CASE_METHOD(Fixture, "a queued statement that fails fails the commit, which commits nothing") {
    const auto pid = service_pid();
    {
        auto transaction = begin();
        transaction.send(kInsert, event("a"));
        transaction.send("SELECT 1/0");
        transaction.send(kInsert, event("b"));
        const auto committed = transaction.commit();
        REQUIRE_FALSE(committed);
        CHECK(committed.error().reason == "22012");
    }
    CHECK(sandbox.query("SELECT count(*)::text FROM inbox") == "0");
    {
        auto transaction = begin();
        transaction.send(kInsert, event("c"));
        REQUIRE(transaction.commit());
    }
    CHECK(events() == "c");
    CHECK(service_pid() == pid);
}

TEST_CASE_METHOD(Fixture, "a failure behind a pipeline's failure cannot be committed") {
    auto transaction = begin();
    transaction.send("SELECT 1/0");
    const auto failed = transaction.execute(kInsert, event("a"));
    REQUIRE_FALSE(failed);
    CHECK(failed.error().reason == "22012");
    transaction.send(kInsert, event("b"));
    CHECK(transaction.commit().error().reason == "25P02");
    CHECK(events().empty());
}

TEST_CASE_METHOD(Fixture, "what an abandoned transaction queued leaves no trace") {
    const auto pid = service_pid();
    {
        auto transaction = begin();
        transaction.send(kInsert, event("a"));
    }
    CHECK(events().empty());
    CHECK(service_pid() == pid);
}

TEST_CASE_METHOD(Fixture, "a Pending that is read too early aborts") {
    const auto child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        std::signal(SIGABRT, SIG_DFL);
        auto transaction = begin();
        const auto pending = transaction.send(kCount);
        _exit(pending.rows().size());
    }
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK((WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT));
}

TEST_CASE_METHOD(Fixture, "queued statements fail within the savepoint that queued them") {
    {
        auto transaction = begin();
        transaction.send(kInsert, event("before"));
        const auto failed = transaction.with_savepoint([&]() -> Status {
            transaction.send(kInsert, event("inside"));
            transaction.send("SELECT 1/0");
            return ok();
        });
        REQUIRE_FALSE(failed);
        CHECK(failed.error().reason == "22012");
        const auto refused = transaction.with_savepoint([&]() -> Status {
            transaction.send(kInsert, event("refused"));
            transaction.send("SELECT 1/0");
            return make_error(ErrorCode::kInvalidArgument, "refused", "REFUSED");
        });
        REQUIRE_FALSE(refused);
        CHECK(refused.error().reason == "REFUSED");
        CHECK(transaction.with_savepoint([&]() -> Status {
            transaction.send(kInsert, event("after"));
            return ok();
        }));
        transaction.send(kInsert, event("last"));
        REQUIRE(transaction.commit());
    }
    CHECK(events() == "after,before,last");
}

TEST_CASE_METHOD(Fixture, "a failure of what was queued before is not the savepoint's") {
    auto transaction = begin();
    transaction.send("SELECT 1/0");
    bool ran = false;
    const auto status = transaction.with_savepoint([&]() -> Status {
        ran = true;
        return ok();
    });
    REQUIRE_FALSE(status);
    CHECK(status.error().reason == "22012");
    CHECK_FALSE(ran);
    CHECK_FALSE(transaction.commit());
}

TEST_CASE_METHOD(Fixture, "a statement that could not be prepared is prepared again") {
    constexpr std::string_view kLate = "SELECT count(*) AS count FROM late";
    {
        auto transaction = begin();
        transaction.send(kLate);
        transaction.send(kInsert, event("a"));  // its prepare is skipped
        CHECK_FALSE(transaction.commit());
    }
    sandbox.run("CREATE TABLE late (id int); GRANT SELECT ON late TO PUBLIC");
    {
        auto transaction = begin();
        transaction.send(kInsert, event("b"));
        const auto late = transaction.send(kLate);
        REQUIRE(transaction.commit());
        CHECK(late.rows()[0].number("count") == 0);
    }
}

TEST_CASE_METHOD(Fixture, "a plan whose result type changed is made anew") {
    sandbox.run("CREATE TABLE wide (a int); GRANT SELECT ON wide TO PUBLIC");
    constexpr std::string_view kAll = "SELECT * FROM wide";
    REQUIRE(begin().execute(kAll));
    sandbox.run("ALTER TABLE wide ADD b int");
    const auto changed = begin().execute(kAll);
    REQUIRE_FALSE(changed);
    CHECK(changed.error().reason == "0A000");
    CHECK(begin().execute(kAll));
    auto lease = pool.acquire(soon());
    REQUIRE(lease);
    const auto rows = (*lease)->execute(
        "SELECT count(*) AS count FROM pg_prepared_statements WHERE statement LIKE '% FROM wide'"
    );
    REQUIRE(rows);
    CHECK((*rows)[0].number("count") == 1);
}

TEST_CASE_METHOD(Fixture, "evicted statements are deallocated, in failed pipelines too") {
    for (int i = 0; i < 300; ++i) {
        auto transaction = begin();
        transaction.send("SELECT " + std::to_string(i));
        if (i % 7 == 0) transaction.send("SELECT 1/0");
        CHECK(transaction.commit().has_value() == (i % 7 != 0));
    }
    auto lease = pool.acquire(soon());
    REQUIRE(lease);
    REQUIRE((*lease)->execute("SELECT 'one more'"));
    const auto rows = (*lease)->execute("SELECT count(*) AS count FROM pg_prepared_statements");
    REQUIRE(rows);
    CHECK((*rows)[0].number("count") <= 256);
}

TEST_CASE_METHOD(Fixture, "more than the socket's buffers hold travels both ways") {
    const std::string large(300'000, 'x');
    auto transaction = begin();
    std::vector<Pending> echoes;
    for (int i = 0; i < 40; ++i) {
        echoes.push_back(transaction.send("SELECT $1::text AS echo", Params().add(large)));
    }
    REQUIRE(transaction.commit());
    for (const auto& echo : echoes) CHECK(echo.rows()[0].view("echo") == large);
}

TEST_CASE_METHOD(Fixture, "a server that dies before a queue is sent is kUnavailable") {
    {
        auto transaction = begin();
        transaction.send(kInsert, event("a"));
        sandbox.terminate_service_connections();
        const auto committed = transaction.commit();
        REQUIRE_FALSE(committed);
        CHECK(committed.error().code == ErrorCode::kUnavailable);
    }
    CHECK(events().empty());
    auto transaction = begin();
    transaction.send(kInsert, event("b"));
    REQUIRE(transaction.commit());
    CHECK(events() == "b");
}

TEST_CASE_METHOD(Fixture, "the deadline ends a commit with queued statements") {
    auto transaction = Transaction::begin(pool, tenant, Deadline::after(Milliseconds(150)));
    REQUIRE(transaction);
    transaction->send(kInsert, event("a"));
    transaction->send("SELECT pg_sleep(30)");
    const auto committed = transaction->commit();
    REQUIRE_FALSE(committed);
    CHECK(committed.error().code == ErrorCode::kDeadlineExceeded);
    CHECK(events().empty());
}

TEST_CASE_METHOD(Fixture, "a check that waits for the commit fails the commit") {
    sandbox.run(
        "CREATE TABLE once (id int CONSTRAINT once_id UNIQUE DEFERRABLE INITIALLY DEFERRED); GRANT "
        "SELECT, INSERT ON once TO PUBLIC"
    );
    {
        auto transaction = begin();
        transaction.send("INSERT INTO once VALUES (1), (1)");
        const auto committed = transaction.commit();
        REQUIRE_FALSE(committed);
        CHECK(committed.error().code == ErrorCode::kAlreadyExists);
    }
    auto lease = pool.acquire(soon());
    REQUIRE(lease);
    const auto alone = (*lease)->execute("INSERT INTO once VALUES (2), (2)");
    REQUIRE_FALSE(alone);
    CHECK(alone.error().reason == "once_id");
    CHECK((*lease)->execute("SELECT 1"));
    CHECK(sandbox.query("SELECT count(*)::text FROM once") == "0");
}
