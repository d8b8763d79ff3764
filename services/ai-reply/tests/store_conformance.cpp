#include "store_conformance.hpp"

#include <catch2/catch.hpp>

#include "fakes.hpp"

namespace tecnochat::ai_reply {
namespace {

std::int64_t version_of(KnowledgeStore& store, const TenantId& tenant) {
    const auto version = store.version(tenant, soon());
    REQUIRE(version);
    return *version;
}

}  // namespace

void check_knowledge_store(KnowledgeStore& store) {
    const TenantId tenant = tenant_of(1);
    CHECK(version_of(store, tenant) == 0);
    REQUIRE(store.load(tenant, soon()));

    // Created, replaced, and repeated without a change.
    const KnowledgeItem first{
        item_id_of(2), KnowledgeKind::kHours, "Horario", "¿Ñandú? 'Sí' \"8\""
    };
    const auto created = store.put(tenant, first, soon());
    REQUIRE(created);
    CHECK(created->item.id == first.id);
    CHECK(created->item.kind == first.kind);
    CHECK(created->item.title == first.title);
    CHECK(created->item.text == first.text);
    const std::int64_t after_first = version_of(store, tenant);
    CHECK(after_first > 0);
    REQUIRE(store.put(tenant, first, soon()));
    CHECK(version_of(store, tenant) == after_first);
    KnowledgeItem changed = first;
    changed.text = "Otro";
    REQUIRE(store.put(tenant, changed, soon()));
    const std::int64_t after_change = version_of(store, tenant);
    CHECK(after_change > after_first);

    const auto found = store.get(tenant, first.id, soon());
    REQUIRE(found);
    CHECK(found->item.text == "Otro");
    const auto missing = store.get(tenant, item_id_of(9), soon());
    REQUIRE_FALSE(missing);
    CHECK(missing.error().code == ErrorCode::kNotFound);

    // By id, not by age.
    REQUIRE(store.put(tenant, item_of(1, "Wifi", "Hay."), soon()));
    REQUIRE(store.put(tenant, item_of(3, "Pan", "Hay."), soon()));
    const auto two = store.list(tenant, std::nullopt, 2, soon());
    REQUIRE(two);
    REQUIRE(two->items.size() == 2);
    CHECK(two->items[0].item.id == item_id_of(1));
    CHECK(two->items[1].item.id == item_id_of(2));
    CHECK(two->next == item_id_of(2));
    const auto rest = store.list(tenant, item_id_of(2), 2, soon());
    REQUIRE(rest);
    REQUIRE(rest->items.size() == 1);
    CHECK(rest->items[0].item.id == item_id_of(3));
    CHECK_FALSE(rest->next);
    CHECK_FALSE(store.list(tenant, std::nullopt, 3, soon())->next);

    const auto snapshot = store.load(tenant, soon());
    REQUIRE(snapshot);
    CHECK(snapshot->version == version_of(store, tenant));
    CHECK(snapshot->items.size() == 3);

    // Another tenant sees none of it, and its own changes leave ours alone.
    const TenantId stranger = tenant_of(2);
    CHECK_FALSE(store.get(stranger, first.id, soon()));
    CHECK(store.list(stranger, std::nullopt, 10, soon())->items.empty());
    REQUIRE(store.remove(stranger, first.id, soon()));
    REQUIRE(store.put(stranger, item_of(2, "Suyo", "Texto"), soon()));
    CHECK(store.get(tenant, first.id, soon())->item.text == "Otro");
    CHECK(version_of(store, tenant) == snapshot->version);

    REQUIRE(store.remove(tenant, first.id, soon()));
    CHECK_FALSE(store.get(tenant, first.id, soon()));
    const std::int64_t after_removal = version_of(store, tenant);
    CHECK(after_removal > snapshot->version);
    REQUIRE(store.remove(tenant, first.id, soon()));
    CHECK(version_of(store, tenant) == after_removal);
}

TEST_CASE("the store in memory of the unit tests behaves as a store must") {
    FakeKnowledgeStore store;
    check_knowledge_store(store);
}

}  // namespace tecnochat::ai_reply
