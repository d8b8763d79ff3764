// Goal: knowledge in PostgreSQL keeps the port's promises, under the service's own login, with
// row-level security as the last line. Needs TECNOCHAT_TEST_POSTGRES_URL (a superuser's URL).

#include "store/postgres_knowledge_store.hpp"

#include <catch2/catch.hpp>

#include "fakes.hpp"
#include "store_conformance.hpp"
#include "tecnochat/postgres/testing/sandbox.hpp"

namespace tecnochat::ai_reply {
namespace {

/// Migrated tables of its own, and the store as the service uses it.
struct Fixture {
    postgres::testing::Sandbox sandbox{
        "ai-reply", TECNOCHAT_SOURCE_DIR "/services/ai-reply/migrations"
    };
    postgres::Pool pool{{sandbox.service_url(), 2}};
    PostgresKnowledgeStore store{pool};
};

TEST_CASE("knowledge in PostgreSQL behaves as a store must") {
    Fixture f;
    check_knowledge_store(f.store);
}

TEST_CASE("without a tenant the service's login sees no row, and writes none") {
    Fixture f;
    REQUIRE(f.store.put(tenant_of(1), item_of(1, "Wifi", "Hay."), soon()));
    auto connection = postgres::connect(f.sandbox.service_url().reveal(), soon());
    REQUIRE(connection);
    const auto count = (*connection)->execute("SELECT count(*) FROM knowledge_items");
    REQUIRE(count);
    CHECK((*count)[0].number("count") == 0);
    const auto versions = (*connection)->execute("SELECT count(*) FROM tenant_knowledge");
    REQUIRE(versions);
    CHECK((*versions)[0].number("count") == 0);
    const auto written =
        (*connection)
            ->execute(
                "INSERT INTO tenant_knowledge VALUES ($1, 1)", postgres::Params().add(tenant_of(2))
            );
    REQUIRE_FALSE(written);
    CHECK(written.error().code == ErrorCode::kPermissionDenied);
}

TEST_CASE("the service's login owns nothing and cannot switch row-level security off") {
    Fixture f;
    auto connection = postgres::connect(f.sandbox.service_url().reveal(), soon());
    REQUIRE(connection);
    CHECK_FALSE((*connection)->execute("ALTER TABLE knowledge_items DISABLE ROW LEVEL SECURITY"));
    CHECK_FALSE((*connection)->execute("TRUNCATE knowledge_items"));
    CHECK_FALSE((*connection)->execute("DELETE FROM tenant_knowledge"));
}

TEST_CASE("a business may have 2000 items; replacing one still works then") {
    Fixture f;
    f.sandbox.run(
        "INSERT INTO knowledge_items (tenant_id, id, kind, title, text, version) SELECT '" +
        tenant_of(1).to_string() +
        "', gen_random_uuid(), 'faq', 't', 'x', 1 FROM generate_series(1, 1999)"
    );
    REQUIRE(f.store.put(tenant_of(1), item_of(1, "Wifi", "Hay."), soon()));
    const auto one_more = f.store.put(tenant_of(1), item_of(2, "Pan", "Hay."), soon());
    REQUIRE_FALSE(one_more);
    CHECK(one_more.error().reason == "KNOWLEDGE_FULL");
    CHECK(f.store.put(tenant_of(1), item_of(1, "Wifi", "Ya no."), soon()));
    CHECK(f.store.put(tenant_of(2), item_of(2, "Pan", "Hay."), soon()));
}

TEST_CASE("an item of a kind that a newer version wrote fails alone") {
    Fixture f;
    REQUIRE(f.store.put(tenant_of(1), item_of(1, "Wifi", "Hay."), soon()));
    REQUIRE(f.store.put(tenant_of(1), item_of(2, "Pan", "Hay."), soon()));
    REQUIRE(f.store.put(tenant_of(1), item_of(3, "Mesas", "Hay."), soon()));
    f.sandbox.run(
        "UPDATE knowledge_items SET kind = 'hologram' WHERE id = '" + item_id_of(2).to_string() +
        "'"
    );
    const auto all = f.store.list(tenant_of(1), std::nullopt, 10, soon());
    REQUIRE(all);
    REQUIRE(all->items.size() == 2);
    CHECK(all->items[0].item.id == item_id_of(1));
    CHECK(all->items[1].item.id == item_id_of(3));
    CHECK_FALSE(all->next);
    // A page that ends with it leads to the next one all the same.
    const auto page = f.store.list(tenant_of(1), item_id_of(1), 1, soon());
    REQUIRE(page);
    CHECK(page->items.empty());
    CHECK(page->next == item_id_of(2));

    const auto alone = f.store.get(tenant_of(1), item_id_of(2), soon());
    REQUIRE_FALSE(alone);
    CHECK(alone.error().code == ErrorCode::kDataLoss);
    CHECK(alone.error().reason == "UNKNOWN_WORD");
    const auto snapshot = f.store.load(tenant_of(1), soon());
    REQUIRE(snapshot);
    CHECK(snapshot->items.size() == 2);

    // It can be replaced and removed as any other.
    CHECK(f.store.put(tenant_of(1), item_of(2, "Pan", "Hay."), soon()));
    CHECK(f.store.get(tenant_of(1), item_id_of(2), soon()));
    CHECK(f.store.remove(tenant_of(1), item_id_of(2), soon()));
}

TEST_CASE("reading takes one round trip, a change two") {
    Fixture f;
    std::uint64_t before = 0;
    const auto trips = [&](const auto& work) {
        before = f.pool.acquire(soon()).value()->round_trips();
        REQUIRE(work());
        return f.pool.acquire(soon()).value()->round_trips() - before;
    };
    const auto put = [&] { return f.store.put(tenant_of(1), item_of(1, "Wifi", "Hay."), soon()); };
    REQUIRE(put());  // prepares
    CHECK(trips(put) == 2);
    CHECK(trips([&] { return f.store.version(tenant_of(1), soon()); }) == 1);
    CHECK(trips([&] { return f.store.load(tenant_of(1), soon()); }) == 1);
    CHECK(trips([&] { return f.store.get(tenant_of(1), item_id_of(1), soon()); }) == 1);
    CHECK(trips([&] { return f.store.list(tenant_of(1), std::nullopt, 2, soon()); }) == 1);
    CHECK(trips([&] { return f.store.remove(tenant_of(1), item_id_of(1), soon()); }) == 2);
}

TEST_CASE("a server that ends our connections costs one failed call at most") {
    Fixture f;
    REQUIRE(f.store.put(tenant_of(1), item_of(1, "Wifi", "Hay."), soon()));
    f.sandbox.terminate_service_connections();
    const auto first = f.store.get(tenant_of(1), item_id_of(1), soon());
    if (!first) CHECK(is_retryable(first.error()));
    CHECK(f.store.get(tenant_of(1), item_id_of(1), soon()));
}

}  // namespace
}  // namespace tecnochat::ai_reply
