// Goal: each service's login reaches its own database and no other, and only with its own
// certificate.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tecnochat/postgres/pool.hpp"
#include "tecnochat/testkit/certificates.hpp"
#include "tecnochat/testkit/stack.hpp"

namespace tecnochat::scenarios {
namespace {

/// "ok" or the reason of the refusal, for `login` with the certificate in `identity`.
std::string attempt(
    const testkit::Stack& stack,
    const std::string& login,
    const std::string& database,
    const config::TlsFiles& identity
) {
    const auto url = stack.endpoint("/postgres");
    const auto at = url.find('@');
    const auto address = url.substr(at + 1, url.find('/', at) - at - 1);
    const auto conninfo = "postgresql://" + login + "@" + address + "/" + database +
                          "?sslmode=verify-full&sslrootcert=" + stack.identity(login).ca +
                          "&sslcert=" + identity.certificate + "&sslkey=" + identity.key;
    const auto connection = postgres::connect(conninfo, Deadline::after(Milliseconds(5000)));
    return connection ? "ok" : "refused";
}

}  // namespace

TEST_CASE("each login is refused every foreign database") {
    const auto stack = testkit::Stack::from_environment();
    const auto databases =
        stack.endpoints().at("databases").get<std::map<std::string, std::string>>();
    REQUIRE(databases.size() >= 3);
    for (const auto& [login, own] : databases) {
        for (const auto& [owner, database] : databases) {
            INFO(login << " opens " << database);
            CHECK(
                attempt(stack, login, database, stack.identity(login)) ==
                (owner == login ? "ok" : "refused")
            );
        }
        CHECK(attempt(stack, login, "postgres", stack.identity(login)) == "refused");
    }
}

TEST_CASE("a login needs its own certificate, of our CA") {
    const auto stack = testkit::Stack::from_environment();
    const auto database = stack.endpoints().at("databases").at("message-router").get<std::string>();
    CHECK(attempt(stack, "message-router", database, stack.identity("ai-reply")) == "refused");
    testkit::TestCertificates certificates;
    certificates.make_ca("theirs");
    const auto foreign =
        certificates.issue("message-router", "DNS:message-router", "theirs", "theirs");
    CHECK(attempt(stack, "message-router", database, foreign) == "refused");
}

TEST_CASE("services own no table and pass no row-level security") {
    const auto stack = testkit::Stack::from_environment();
    for (const auto& [service, database] :
         stack.endpoints().at("databases").get<std::map<std::string, std::string>>()) {
        INFO(service);
        const auto admin =
            postgres::connect(stack.database_url(service), Deadline::after(Milliseconds(5000)));
        REQUIRE(admin);
        const auto owned = (*admin)->execute(
            "SELECT tablename FROM pg_tables WHERE tableowner = $1", postgres::Params().add(service)
        );
        REQUIRE(owned);
        CHECK(owned->empty());
        const auto powers = (*admin)->execute(
            "SELECT rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb AS any FROM pg_roles "
            "WHERE rolname = $1",
            postgres::Params().add(service)
        );
        REQUIRE(powers);
        REQUIRE(powers->size() == 1);
        CHECK_FALSE((*powers)[0].flag("any"));
        const auto open_tables = (*admin)->execute(
            "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN "
            "pg_attribute a ON a.attrelid = c.oid "
            "WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND a.attname = 'tenant_id' "
            "AND c.relname NOT IN ('channels', 'send_queues') "
            "AND NOT (c.relrowsecurity AND c.relforcerowsecurity)"
        );
        REQUIRE(open_tables);
        CHECK(open_tables->empty());
    }
}

}  // namespace tecnochat::scenarios
