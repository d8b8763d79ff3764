// Tenants do not see each other: not through the service, and not through its database login.
#include <catch2/catch.hpp>

#include "component/fixture.hpp"

namespace tecnochat::message_router::testing {
namespace {

using postgres::Transaction;

Deadline soon() {
    return Deadline::after(std::chrono::seconds(5));
}

TEST_CASE("every table of a tenant hides its rows from others and from no tenant at all") {
    Router router;
    router.take_text("wamid.1", "hola");
    const auto visible = [&](const std::string& table, std::span<const TenantId> tenants) {
        auto transaction = Transaction::begin(router.pool, tenants, soon()).value();
        return transaction.execute("SELECT count(*) FROM " + table).value()[0].number("count");
    };
    const TenantId own[] = {router.tenant};
    const TenantId other[] = {router.other_tenant};
    for (const auto* table : {"contacts", "conversations", "turns", "messages", "inbox"}) {
        INFO(table);
        CHECK(visible(table, own) == 1);
        CHECK(visible(table, other) == 0);
        CHECK(visible(table, {}) == 0);
    }
}

TEST_CASE("a tenant cannot write another's rows") {
    Router router;
    router.take_text("wamid.1", "hola");
    auto transaction = Transaction::begin(router.pool, router.other_tenant, soon()).value();
    const auto changed = transaction.execute("UPDATE conversations SET turn = 'human'");
    REQUIRE(changed);
    CHECK(changed->affected() == 0);
    const auto forged = transaction.execute(
        "INSERT INTO contacts (tenant_id, id, phone, name) VALUES ($1, $2, '1', '')",
        postgres::Params().add(router.tenant).add(ContactId::generate(router.clock.now()))
    );
    REQUIRE_FALSE(forged);
    CHECK(forged.error().code == ErrorCode::kPermissionDenied);
}

TEST_CASE("every table with a tenant has forced row-level security, but for the directory") {
    postgres::testing::Sandbox database{kService, kMigrations};
    CHECK(database.query(R"sql(
            SELECT string_agg(c.relname, ',' ORDER BY c.relname)
            FROM pg_class c
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
            WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace
                AND NOT (c.relrowsecurity AND c.relforcerowsecurity AND EXISTS (
                    SELECT FROM pg_policy p WHERE p.polrelid = c.oid))
        )sql") == "channels");
}

TEST_CASE("no key tells a tenant about another's rows") {
    // The reviewed exceptions: deploy/database-review.yaml.
    postgres::testing::Sandbox database{kService, kMigrations};
    CHECK(
        database.query(R"sql(
            SELECT string_agg(i.indexrelid::regclass::text, ',' ORDER BY i.indexrelid::regclass::text)
            FROM pg_index i
            JOIN pg_class c ON c.oid = i.indrelid AND c.relnamespace = current_schema()::regnamespace
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
            WHERE i.indisunique AND a.attname <> 'tenant_id' AND c.relname <> 'schema_migrations'
        )sql") ==
        "channels_pkey,outbox_pkey,waiting_messages_pkey,waiting_messages_topic_partition_record_offset_key"
    );
}

TEST_CASE("what another tenant asks for is not found") {
    Router router;
    router.take_text("wamid.1", "hola");
    const auto id =
        ConversationId::parse(router.database.query("SELECT id::text FROM conversations")).value();
    CHECK(router.read.get(router.tenant, id, soon()));
    CHECK(router.read.get(router.other_tenant, id, soon()).error().code == ErrorCode::kNotFound);
    CHECK(
        router.read.messages(router.other_tenant, {id, 0, 10}, soon()).error().code ==
        ErrorCode::kNotFound
    );
    CHECK(router.release.run(router.other_tenant, id, soon()).error().code == ErrorCode::kNotFound);
    CHECK(router.read.list(router.other_tenant, {{}, {}, 10}, soon())->items.empty());
    const store::ConversationFilter foreign_number{kNumber, std::nullopt};
    CHECK(
        router.read.list(router.other_tenant, {foreign_number, {}, 10}, soon()).error().code ==
        ErrorCode::kNotFound
    );
}

}  // namespace
}  // namespace tecnochat::message_router::testing
