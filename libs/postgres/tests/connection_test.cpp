#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "tecnochat/postgres/testing/sandbox.hpp"

using namespace tecnochat;
using namespace tecnochat::postgres;
using tecnochat::postgres::testing::Sandbox;

namespace {

Pool::Config config_of(const Secret& url, int size = 4) {
    return {url, size, Milliseconds(3000), Milliseconds(5000)};
}

Deadline soon() {
    return Deadline::after(Milliseconds(5000));
}

}  // namespace

TEST_CASE("every type survives the way to PostgreSQL and back") {
    Sandbox sandbox;
    auto connection = connect(sandbox.service_url().reveal(), soon());
    REQUIRE(connection);
    const auto uuid = Uuid::v7(SystemClock().now());
    const auto time = from_unix_ms(1'773'239'400'120);
    std::string all_bytes;
    for (int i = 0; i < 256; ++i) all_bytes += static_cast<char>(i);
    auto rows = (*connection)
                    ->execute(
                        "SELECT $1::text AS t, $2::bigint AS n, $3::boolean AS f, $4::float8 AS r, "
                        "$5::uuid AS u, $6::timestamptz AS at, $7::bytea AS b, $8::text AS none, "
                        "$9::timestamptz AS epoch",
                        Params()
                            .add("señor \"O'Brien\" \\ {a,b}")
                            .add(std::int64_t{-9'007'199'254'740'993})
                            .add(true)
                            .add(0.1)
                            .add(uuid)
                            .add(time)
                            .add(Bytes{all_bytes})
                            .add_null()
                            .add(from_unix_ms(0))
                    );
    REQUIRE(rows);
    const auto row = (*rows)[0];
    CHECK(row.text("t") == "señor \"O'Brien\" \\ {a,b}");
    CHECK(row.number("n") == -9'007'199'254'740'993);
    CHECK(row.flag("f"));
    CHECK(row.real("r") == 0.1);
    CHECK(row.uuid("u") == uuid);
    CHECK(row.time("at") == time);
    CHECK(row.bytes("b") == all_bytes);
    CHECK(row.is_null("none"));
    CHECK(row.text_or_null("none") == std::nullopt);
    CHECK(row.time_or_null("epoch") == from_unix_ms(0));
}

TEST_CASE("array elements are taken literally") {
    Sandbox sandbox;
    auto connection = connect(sandbox.service_url().reveal(), soon());
    REQUIRE(connection);
    const std::vector<std::optional<std::string>> texts{
        "plain", "", "NULL", std::nullopt, "with \"quotes\"", "back\\slash", "{1,2}", "a,b", " ñ "
    };
    const std::vector<std::string> bytes{std::string("\0\x01\xff", 3), "", "\\x41"};
    const std::vector<std::optional<Timestamp>> times{from_unix_ms(1500), std::nullopt};
    auto rows = (*connection)
                    ->execute(
                        "SELECT t FROM unnest($1::text[]) WITH ORDINALITY AS u(t, n) ORDER BY n",
                        Params().add_array(texts)
                    );
    REQUIRE(rows);
    REQUIRE(rows->size() == static_cast<int>(texts.size()));
    for (std::size_t i = 0; i < texts.size(); ++i) {
        CHECK((*rows)[static_cast<int>(i)].text_or_null("t") == texts[i]);
    }
    rows = (*connection)
               ->execute(
                   "SELECT b, t, f, n FROM unnest($1::bytea[], $2::timestamptz[], $3::boolean[], "
                   "$4::bigint[]) AS u(b, t, f, n)",
                   Params()
                       .add_columns(bytes, [](const auto& value) { return Bytes{value}; })
                       .add_array(times)
                       .add_array(std::vector<bool>{true, false, true})
                       .add_array(std::vector<std::int64_t>{1, -2, 3})
               );
    REQUIRE(rows);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        CHECK((*rows)[static_cast<int>(i)].bytes("b") == bytes[i]);
    }
    CHECK((*rows)[0].time_or_null("t") == times[0]);
    CHECK((*rows)[1].time_or_null("t") == std::nullopt);
    CHECK_FALSE((*rows)[1].flag("f"));
    CHECK((*rows)[1].number("n") == -2);
    rows =
        (*connection)
            ->execute(
                "SELECT count(*) FROM unnest($1::uuid[])", Params().add_array(std::vector<Uuid>{})
            );
    REQUIRE(rows);
    CHECK((*rows)[0].number("count") == 0);
}

TEST_CASE("columns are read by name, in any order") {
    Sandbox sandbox;
    auto connection = connect(sandbox.service_url().reveal(), soon());
    REQUIRE(connection);
    const auto tenant = TenantId::generate(SystemClock().now());
    auto rows =
        (*connection)
            ->execute(
                "SELECT $1::uuid AS tenant_id, 7 AS epoch, 'x' AS state, NULL::text AS note, "
                "$2::bytea AS body, NULL::uuid AS turn, NULL::bigint AS count FROM "
                "generate_series(1, 2)",
                Params().add(tenant).add(Bytes{"a\xff"})
            );
    REQUIRE(rows);
    for (const auto row : *rows) {
        CHECK(row.number("epoch") == 7);
        CHECK(row.id<TenantId>("tenant_id") == tenant);
        CHECK(row.bytes("body") == "a\xff");
        CHECK(row.bytes_or_null("body") == "a\xff");
        CHECK(row.view("state") == "x");
        CHECK(row.text("state") == "x");
        CHECK(row.text_or_null("note") == std::nullopt);
        CHECK(row.id_or_null<TurnId>("turn") == std::nullopt);
        CHECK(row.number_or_null("count") == std::nullopt);
        CHECK(row.number_or_null("epoch") == 7);
    }
}

TEST_CASE("a word that nobody knows is the item's fault") {
    enum class Side { kLeft };
    const auto parse = [](std::string_view word) -> std::optional<Side> {
        if (word == "left") return Side::kLeft;
        return std::nullopt;
    };
    Sandbox sandbox;
    auto connection = connect(sandbox.service_url().reveal(), soon());
    REQUIRE(connection);
    auto rows = (*connection)->execute("SELECT 'left' AS old, 'up' AS new, NULL::text AS absent");
    REQUIRE(rows);
    const auto row = (*rows)[0];
    CHECK(row.word("old", parse).value() == Side::kLeft);
    CHECK(row.word_or_null("old", parse).value() == Side::kLeft);
    CHECK(row.word_or_null("absent", parse).value() == std::nullopt);
    const auto unknown = row.word("new", parse);
    REQUIRE_FALSE(unknown);
    CHECK(unknown.error().reason == "UNKNOWN_WORD");
    CHECK(unknown.error().message.find("new") != std::string::npos);
    CHECK(is_items_fault(unknown.error()));
    CHECK_FALSE(row.word_or_null("new", parse));
}

TEST_CASE("rows become columns") {
    struct Entry {
        TenantId tenant;
        std::string name;
        std::optional<int> count;
        std::string body;
        Timestamp time;
    };
    const std::vector<Entry> entries{
        {TenantId::generate(SystemClock().now()), R"(a "b" \)", 3, "\xfe", from_unix_ms(1500)},
        {TenantId::generate(SystemClock().now()), "", std::nullopt, "", from_unix_ms(2500)}
    };
    std::vector<const Entry*> pointers;
    for (const auto& entry : entries) pointers.push_back(&entry);
    const auto body = [](const Entry& entry) { return Bytes{entry.body}; };
    const auto long_name = [](const Entry& entry) { return entry.name.size() > 3; };
    const auto kind = [](const Entry&) { return "kind"; };
    const auto share = [](const Entry& entry) { return entry.count.value_or(0) / 4.0; };

    Sandbox sandbox;
    auto connection = connect(sandbox.service_url().reveal(), soon());
    REQUIRE(connection);
    const auto check = [&](const auto& range) {
        Result<Rows> rows =
            (*connection)
                ->execute(
                    "SELECT * FROM unnest($1::uuid[], $2::text[], $3::int[], $4::bytea[], "
                    "$5::timestamptz[], $6::boolean[], $7::text[], $8::float8[]) WITH ORDINALITY "
                    "AS e(tenant, name, count, body, time, long, kind, share, place) ORDER BY place",
                    Params().add_columns(
                        range,
                        &Entry::tenant,
                        &Entry::name,
                        &Entry::count,
                        body,
                        &Entry::time,
                        long_name,
                        kind,
                        share
                    )
                );
        REQUIRE(rows);
        REQUIRE(rows->size() == 2);
        for (std::size_t i = 0; i < entries.size(); ++i) {
            const auto row = (*rows)[static_cast<int>(i)];
            CHECK(row.id<TenantId>("tenant") == entries[i].tenant);
            CHECK(row.text("name") == entries[i].name);
            CHECK(row.is_null("count") == !entries[i].count.has_value());
            CHECK(row.bytes("body") == entries[i].body);
            CHECK(row.time("time") == entries[i].time);
            CHECK(row.flag("long") == (i == 0));
            CHECK(row.text("kind") == "kind");
            CHECK(row.real("share") == (i == 0 ? 0.75 : 0.0));
        }
    };
    check(entries);
    check(pointers);
}

TEST_CASE("a NUL in a text neither cuts it nor fails") {
    Sandbox sandbox;
    auto connection = connect(sandbox.service_url().reveal(), soon());
    REQUIRE(connection);
    auto rows =
        (*connection)->execute("SELECT $1::text AS t", Params().add(std::string("a\0b", 3)));
    REQUIRE(rows);
    CHECK(
        (*rows)[0].text("t") ==
        "a\xEF\xBF\xBD"
        "b"
    );
}

TEST_CASE("failures carry SQLSTATE or constraint, never data") {
    Sandbox sandbox;
    sandbox.run(
        "CREATE TABLE t (id int CONSTRAINT t_id PRIMARY KEY, n int CONSTRAINT small CHECK (n < 9));"
        "GRANT ALL ON t TO PUBLIC; CREATE TABLE secret (id int)"
    );
    Pool pool(config_of(sandbox.service_url()));
    const auto failure = [&](std::string_view sql) {
        auto lease = pool.acquire(soon());
        REQUIRE(lease);
        auto rows = (*lease)->execute(sql);
        REQUIRE_FALSE(rows);
        return rows.error();
    };
    {
        auto lease = pool.acquire(soon());
        REQUIRE((*lease)->execute("INSERT INTO t VALUES (4711, 1)"));
    }
    auto error = failure("INSERT INTO t VALUES (4711, 1)");
    CHECK(error.code == ErrorCode::kAlreadyExists);
    CHECK(error.reason == "t_id");
    CHECK(error.message.find("4711") == std::string::npos);
    error = failure("INSERT INTO t VALUES (1, 10)");
    CHECK(error.code == ErrorCode::kFailedPrecondition);
    CHECK(error.reason == "small");
    error = failure("SELECT 'x'::int");
    CHECK(error.code == ErrorCode::kInvalidArgument);
    CHECK(error.reason == "22P02");
    CHECK(failure("SELECT * FROM secret").code == ErrorCode::kPermissionDenied);
    CHECK(failure("SELEC 1").code == ErrorCode::kInternal);
}

TEST_CASE("more statements than the cache holds still work") {
    Sandbox sandbox;
    auto connection = connect(sandbox.service_url().reveal(), soon());
    REQUIRE(connection);
    for (int round = 0; round < 2; ++round) {
        for (int i = 0; i < 300; ++i) {
            auto rows = (*connection)->execute("SELECT " + std::to_string(i) + " AS n");
            REQUIRE(rows);
            CHECK((*rows)[0].number("n") == i);
        }
    }
    auto rows = (*connection)->execute("SELECT count(*) FROM pg_prepared_statements");
    REQUIRE(rows);
    CHECK((*rows)[0].number("count") == 256);
}

TEST_CASE("the deadline ends a statement and its connection") {
    Sandbox sandbox;
    Pool pool(config_of(sandbox.service_url()));
    {
        auto lease = pool.acquire(soon());
        REQUIRE(lease);
        (*lease)->set_deadline(Deadline::after(Milliseconds(100)));
        auto rows = (*lease)->execute("SELECT pg_sleep(30)");
        REQUIRE_FALSE(rows);
        CHECK(rows.error().code == ErrorCode::kDeadlineExceeded);
        CHECK_FALSE((*lease)->healthy());
    }
    auto lease = pool.acquire(soon());
    REQUIRE(lease);
    CHECK((*lease)->execute("SELECT 1"));
}

TEST_CASE("a table that filled since its last ANALYZE is still read by its key") {
    Sandbox sandbox;
    sandbox.run("CREATE TABLE filled (tenant_id uuid, id bigint, PRIMARY KEY (tenant_id, id))");
    sandbox.run("GRANT SELECT ON filled TO " + sandbox.role());
    sandbox.run("ANALYZE filled");
    sandbox.run("INSERT INTO filled SELECT gen_random_uuid(), n FROM generate_series(1, 500) n");
    Pool pool(config_of(sandbox.service_url()));
    auto lease = pool.acquire(soon());
    REQUIRE(lease);
    const auto plan = (*lease)->execute(
        "EXPLAIN (FORMAT json) SELECT f.id FROM unnest($1::uuid[], $2::bigint[]) k(tenant_id, id) "
        "JOIN filled f ON f.tenant_id = k.tenant_id AND f.id = k.id",
        Params().add("{}").add("{}")
    );
    REQUIRE(plan);
    const auto text = (*plan)[0].text("QUERY PLAN");
    CHECK(text.find("Seq Scan") == std::string::npos);
    CHECK(text.find("filled_pkey") != std::string::npos);
}

TEST_CASE("the server's statement timeout ends a statement, the session goes on") {
    Sandbox sandbox;
    Pool pool({sandbox.service_url(), 1, Milliseconds(3000), Milliseconds(100)});
    auto lease = pool.acquire(soon());
    REQUIRE(lease);
    auto rows = (*lease)->execute("SELECT pg_sleep(30)");
    REQUIRE_FALSE(rows);
    CHECK(rows.error().code == ErrorCode::kDeadlineExceeded);
    CHECK((*lease)->healthy());
}

TEST_CASE("a server that is away is kUnavailable, a full pool kResourceExhausted") {
    Pool away(config_of(Secret("postgresql://nobody@127.0.0.1:1/none")));
    auto lease = away.acquire(soon());
    REQUIRE_FALSE(lease);
    CHECK(lease.error().code == ErrorCode::kUnavailable);
    CHECK_FALSE(away.reachable());

    Sandbox sandbox;
    Pool pool(config_of(sandbox.service_url(), 1));
    auto only = pool.acquire(soon());
    REQUIRE(only);
    auto second = pool.acquire(Deadline::after(Milliseconds(50)));
    REQUIRE_FALSE(second);
    CHECK(second.error().code == ErrorCode::kResourceExhausted);
    CHECK(pool.reachable());
}

TEST_CASE("idle connections that the server closed are replaced unnoticed") {
    Sandbox sandbox;
    Pool pool(config_of(sandbox.service_url()));
    {
        auto one = pool.acquire(soon());
        auto two = pool.acquire(soon());
        REQUIRE(one);
        REQUIRE(two);
    }
    sandbox.terminate_service_connections();
    for (int i = 0; i < 3; ++i) {
        auto lease = pool.acquire(soon());
        REQUIRE(lease);
        CHECK((*lease)->execute("SELECT 1"));
    }
}
