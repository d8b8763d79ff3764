// Goal: the databases of the running stack are as reviewed, whatever provisioning, migrations and
// hands have made of them. Method: the review of libs/postgres over schema public of every service;
// what turns it red is planted in a transaction that is rolled back.
#include <algorithm>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tecnochat/postgres/testing/catalogue_review.hpp"
#include "tecnochat/testkit/stack.hpp"

namespace tecnochat::scenarios {
namespace {

using Violations = std::vector<std::string>;

class Live {
 public:
    Live(const testkit::Stack& stack, std::string service)
        : service_(std::move(service)),
          reviewed_(postgres::testing::load_review(
              std::string(TECNOCHAT_SOURCE_DIR) + "/deploy/database-review.yaml", service_
          )),
          connection_(
              postgres::connect(stack.database_url(service_), Deadline::after(Milliseconds(5000)))
                  .value()
          ) {}

    Violations review() {
        return postgres::testing::review_catalogue(*connection_, "public", service_, reviewed_);
    }
    Violations review_with(const std::string& planted) {
        run("BEGIN");
        run(planted);
        auto found = review();
        run("ROLLBACK");
        return found;
    }

 private:
    void run(const std::string& sql) { REQUIRE(connection_->execute(sql)); }

    std::string service_;
    postgres::testing::ReviewedDatabase reviewed_;
    std::unique_ptr<postgres::Connection> connection_;
};

std::map<std::string, std::string> databases(const testkit::Stack& stack) {
    return stack.endpoints().at("databases").get<std::map<std::string, std::string>>();
}

}  // namespace

TEST_CASE("every live database is as reviewed: row-level security, unique keys, grants") {
    const auto stack = testkit::Stack::from_environment();
    REQUIRE(databases(stack).size() >= 3);
    for (const auto& [service, database] : databases(stack)) {
        INFO(service << " in " << database);
        CHECK(Live(stack, service).review() == Violations{});
    }
}

TEST_CASE("a table without forced row-level security or an unlisted grant turns the review red") {
    const auto stack = testkit::Stack::from_environment();
    for (const auto& [service, database] : databases(stack)) {
        INFO(service << " in " << database);
        Live live(stack, service);
        auto owner = service + "_owner";
        std::ranges::replace(owner, '-', '_');
        CHECK(
            live.review_with(
                "DO $$ BEGIN CREATE TABLE planted (tenant_id uuid PRIMARY KEY);"
                "ALTER TABLE planted OWNER TO " +
                owner + "; ALTER TABLE planted ENABLE ROW LEVEL SECURITY; END $$"
            ) == Violations{"table planted does not force row-level security"}
        );
        CHECK(
            live.review_with("GRANT TRUNCATE ON schema_migrations TO \"" + service + "\"") ==
            Violations{service + " has TRUNCATE on schema_migrations"}
        );
        CHECK(live.review() == Violations{});
    }
}

}  // namespace tecnochat::scenarios
