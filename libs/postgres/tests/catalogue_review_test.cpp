#include "tecnochat/postgres/testing/catalogue_review.hpp"

#include <catch2/catch.hpp>

#include "tecnochat/postgres/testing/sandbox.hpp"

using namespace tecnochat;
using namespace tecnochat::postgres;
using namespace tecnochat::postgres::testing;

namespace {

const std::filesystem::path kRoot = TECNOCHAT_SOURCE_DIR;

std::vector<std::string> review(
    Sandbox& sandbox, const std::string& service, const ReviewedDatabase& reviewed
) {
    auto connection = connect(sandbox.admin_url().reveal(), Deadline::after(Milliseconds(5000)));
    REQUIRE(connection);
    return review_catalogue(**connection, sandbox.schema(), service, reviewed);
}

using Violations = std::vector<std::string>;

}  // namespace

TEST_CASE("the migrations of every service pass the review") {
    int reviewed = 0;
    for (const auto& folder : std::filesystem::directory_iterator(kRoot / "services")) {
        if (!exists(folder.path() / "migrations")) continue;
        const auto service = folder.path().filename().string();
        Sandbox sandbox(service, folder.path() / "migrations");
        INFO(service);
        CHECK(
            review(sandbox, service, load_review(kRoot / "deploy/database-review.yaml", service)) ==
            Violations{}
        );
        ++reviewed;
    }
    CHECK(reviewed >= 3);
}

struct Planted {
    const std::string service = "message-router";
    Sandbox sandbox{service, kRoot / "services" / service / "migrations"};
    decltype(load_review({}, {})) reviewed =
        load_review(kRoot / "deploy/database-review.yaml", service);
    const std::string owned = " OWNER TO message_router_owner; ";
    const std::string table =
        "CREATE TABLE planted (tenant_id uuid PRIMARY KEY); ALTER TABLE planted" + owned;

    Violations plant(const std::string& sql) {
        sandbox.run(sql);
        return review(sandbox, service, reviewed);
    }
};

TEST_CASE_METHOD(Planted, "a planted violation turns the review red") {
    SECTION("a table without row-level security") {
        CHECK(plant(table) == Violations{"table planted has no row-level security"});
    }
    SECTION("row-level security that the owner escapes") {
        CHECK(
            plant("ALTER TABLE messages NO FORCE ROW LEVEL SECURITY") ==
            Violations{"table messages does not force row-level security"}
        );
    }
    SECTION("row-level security without a policy") {
        CHECK(
            plant(
                table + "ALTER TABLE planted ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY"
            ) == Violations{"table planted has no policy"}
        );
    }
    SECTION("a policy that shows everything") {
        CHECK(
            plant("CREATE POLICY all_of_it ON messages USING (true)") ==
            Violations{"table messages has a policy in other words than ADR 6"}
        );
    }
    SECTION("a view, which shows what its owner sees") {
        CHECK(
            plant("CREATE VIEW planted AS SELECT 1 AS n; ALTER VIEW planted" + owned) ==
            Violations{"table planted has no row-level security"}
        );
    }
    SECTION("a global unique index") {
        CHECK(
            plant("CREATE UNIQUE INDEX planted ON messages (wamid, tenant_id)") ==
            Violations{"unique index planted of messages does not begin with tenant_id"}
        );
    }
}

TEST_CASE_METHOD(Planted, "a planted grant, owner or list entry turns the review red") {
    SECTION("a foreign grant") {
        CHECK(
            plant("GRANT SELECT ON messages TO PUBLIC") ==
            Violations{"PUBLIC has SELECT on messages"}
        );
    }
    SECTION("a grant on a column") {
        CHECK(
            plant("GRANT SELECT (body) ON messages TO PUBLIC") ==
            Violations{"PUBLIC has SELECT on messages.body"}
        );
    }
    SECTION("a grant that nobody reviewed") {
        CHECK(
            plant("GRANT TRUNCATE ON messages TO \"message-router\"") ==
            Violations{"message-router has TRUNCATE on messages"}
        );
    }
    SECTION("a table of the service's own") {
        CHECK(
            plant("ALTER TABLE messages OWNER TO \"message-router\"").front() ==
            "table messages belongs to message-router"
        );
    }
    SECTION("a function with its owner's rights") {
        CHECK(
            plant(
                "CREATE FUNCTION planted() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'"
            ) == Violations{"function planted runs with its owner's rights"}
        );
    }
    SECTION("entries that nothing needs") {
        reviewed.without_row_security["gone"] = "was needed once";
        reviewed.global_unique["gone_pkey"] = "was needed once";
        reviewed.grants["messages"].insert("DELETE");
        CHECK(
            review(sandbox, service, reviewed) ==
            Violations{
                "gone under without_row_security is not needed any more",
                "gone_pkey under global_unique is not needed any more",
                "DELETE on messages under grants is not needed any more"
            }
        );
    }
}
