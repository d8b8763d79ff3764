#include "tecnochat/postgres/migrations.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>

#include "tecnochat/postgres/testing/sandbox.hpp"

using namespace tecnochat;
using namespace tecnochat::postgres;
using tecnochat::postgres::testing::Sandbox;

namespace {

std::filesystem::path temporary_folder() {
    std::string name = (std::filesystem::temp_directory_path() / "migrations.XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make a folder");
    return name;
}

struct Fixture {
    Sandbox sandbox;
    std::filesystem::path folder = temporary_folder();
    Fixture() { sandbox.run("DROP TABLE inbox, outbox, channels"); }
    ~Fixture() { std::filesystem::remove_all(folder); }

    void write(const std::string& name, const std::string& sql) const {
        std::ofstream(folder / name) << sql;
    }
    [[nodiscard]] Result<int> run() const { return migrate(sandbox.admin_url().reveal(), folder); }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "migrations run once, in order") {
    write("0001_one.sql", "CREATE TABLE one (id int); INSERT INTO one VALUES (1);");
    write("0002_two.sql", "ALTER TABLE one RENAME TO two;");
    CHECK(run().value() == 2);
    CHECK(run().value() == 0);
    write("0003_three.sql", "INSERT INTO two VALUES (2);");
    CHECK(run().value() == 1);
    CHECK(sandbox.query("SELECT count(*)::text FROM two") == "2");
    CHECK(sandbox.query("SELECT name FROM schema_migrations WHERE version = 3") == "0003_three");
}

TEST_CASE_METHOD(Fixture, "a failing migration leaves nothing behind and is named") {
    write("0001_one.sql", "CREATE TABLE one (id int);");
    write("0002_bad.sql", "CREATE TABLE half (id int); SELEC 1;");
    const auto result = run();
    REQUIRE_FALSE(result);
    CHECK(result.error().message.find("0002_bad.sql") != std::string::npos);
    CHECK(result.error().reason == "42601");
    CHECK(sandbox.query("SELECT (to_regclass('half') IS NULL)::text") == "true");
    CHECK(sandbox.query("SELECT max(version)::text FROM schema_migrations") == "1");
}

TEST_CASE_METHOD(Fixture, "a changed, missing, double or misnamed file is refused") {
    write("0001_one.sql", "CREATE TABLE one (id int);");
    REQUIRE(run());
    SECTION("changed") {
        write("0001_one.sql", "CREATE TABLE one (id bigint);");
    }
    SECTION("missing") {
        write("0003_three.sql", "SELECT 1");
    }
    SECTION("double") {
        write("0001_uno.sql", "SELECT 1");
    }
    SECTION("misnamed") {
        write("two.sql", "SELECT 1");
    }
    SECTION("gone") {
        std::filesystem::remove(folder / "0001_one.sql");
    }
    const auto result = run();
    REQUIRE_FALSE(result);
    CHECK(result.error().code == ErrorCode::kFailedPrecondition);
}

TEST_CASE_METHOD(Fixture, "fragments are part of the migration that includes them") {
    write(
        "0001_tables.sql",
        "-- before\n-- include: pipeline_policy\n-- include: inbox\r\nSELECT "
        "pg_temp.pipeline_policy('inbox');\n-- include: channels"
    );
    CHECK(run().value() == 1);
    write("0002_more.sql", "-- include: pipeline_policy\n-- include: outbox\n");
    CHECK(run().value() == 1);
    CHECK(run().value() == 0);
    CHECK(
        sandbox.query(
            "SELECT string_agg(relname, ',' ORDER BY relname) FROM pg_class WHERE relrowsecurity AND "
            "relforcerowsecurity AND relnamespace = current_schema()::regnamespace"
        ) == "inbox"
    );
    // The checksum is that of the expanded text: the fragment in full is the same migration.
    write(
        "0002_more.sql",
        expand_fragments("-- include: pipeline_policy\n-- include: outbox\n").value()
    );
    CHECK(run().value() == 0);
}

TEST_CASE_METHOD(Fixture, "a fragment that does not exist is refused and named") {
    write("0001_tables.sql", "-- include: nonsense\n");
    const auto result = run();
    REQUIRE_FALSE(result);
    CHECK(result.error().code == ErrorCode::kFailedPrecondition);
    CHECK(result.error().message.find("0001_tables.sql") != std::string::npos);
    CHECK(result.error().message.find("nonsense") != std::string::npos);
}
