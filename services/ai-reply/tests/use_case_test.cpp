// Goal: knowledge changes reach answers, within the promised time, at a bounded price. Method: the
// use cases on a store in memory that counts, with a clock that stands still.

#include <catch2/catch.hpp>

#include "fakes.hpp"
#include "use_cases/answer_turn.hpp"
#include "use_cases/builtin_reply_engine.hpp"
#include "use_cases/knowledge_indexes.hpp"
#include "use_cases/manage_knowledge.hpp"

namespace tecnochat::ai_reply {
namespace {

constexpr Milliseconds kCheckEvery{200};

struct Fixture {
    explicit Fixture(std::size_t tenants = 10)
        : indexes(store, clock, {tenants, kCheckEvery}, metrics) {}

    std::string ask(const TenantId& tenant, std::string question) {
        auto reply = answer_turn.run(tenant, {{std::move(question)}}, soon());
        REQUIRE(reply);
        return reply->text;
    }

    FakeClock clock;
    FakeKnowledgeStore store;
    telemetry::Metrics metrics;
    KnowledgeIndexes indexes;
    BuiltinReplyEngine engine{indexes};
    AnswerTurn answer_turn{engine, clock, metrics};
    ManageKnowledge manage{store, indexes};
};

TEST_CASE("an item put here is answered from at once") {
    Fixture f;
    CHECK(f.ask(tenant_of(1), "¿tienen wifi?") == kRefusalText);
    REQUIRE(f.manage.put(tenant_of(1), item_of(1, "Wifi", "Hay wifi gratis."), soon()));
    CHECK(f.ask(tenant_of(1), "¿tienen wifi?") == "Hay wifi gratis.");
    REQUIRE(f.manage.remove(tenant_of(1), item_id_of(1), soon()));
    CHECK(f.ask(tenant_of(1), "¿tienen wifi?") == kRefusalText);
}

TEST_CASE("an item put by another replica is answered from after the check interval") {
    Fixture f;
    CHECK(f.ask(tenant_of(1), "¿tienen wifi?") == kRefusalText);
    REQUIRE(f.store.put(tenant_of(1), item_of(1, "Wifi", "Hay wifi gratis."), soon()));
    CHECK(f.ask(tenant_of(1), "¿tienen wifi?") == kRefusalText);
    f.clock.advance(kCheckEvery);
    CHECK(f.ask(tenant_of(1), "¿tienen wifi?") == "Hay wifi gratis.");
}

TEST_CASE("the version is read once an interval and the index built once a version") {
    Fixture f;
    REQUIRE(f.store.put(tenant_of(1), item_of(1, "Wifi", "Hay wifi gratis."), soon()));
    for (int i = 0; i < 100; ++i) f.ask(tenant_of(1), "¿tienen wifi?");
    CHECK(f.store.versions_read == 1);
    CHECK(f.store.loads == 1);
    f.clock.advance(kCheckEvery);
    f.ask(tenant_of(1), "¿tienen wifi?");
    CHECK(f.store.versions_read == 2);
    CHECK(f.store.loads == 1);
}

TEST_CASE("no more tenants than allowed stay in memory, the least recently asked leaves") {
    Fixture f(2);
    f.ask(tenant_of(1), "hola, ¿wifi?");
    f.ask(tenant_of(2), "hola, ¿wifi?");
    f.ask(tenant_of(1), "hola, ¿wifi?");
    f.ask(tenant_of(3), "hola, ¿wifi?");
    CHECK(f.store.loads == 3);
    f.ask(tenant_of(1), "hola, ¿wifi?");
    CHECK(f.store.loads == 3);
    f.ask(tenant_of(2), "hola, ¿wifi?");
    CHECK(f.store.loads == 4);
}

TEST_CASE("one tenant's knowledge never answers for another") {
    Fixture f;
    REQUIRE(f.manage.put(tenant_of(1), item_of(1, "Wifi", "La clave es luna."), soon()));
    CHECK(f.ask(tenant_of(2), "¿cuál es la clave del wifi?") == kRefusalText);
}

TEST_CASE("a store that is away fails the question retryably, and it works again afterwards") {
    Fixture f;
    f.store.away = true;
    const auto reply = f.answer_turn.run(tenant_of(1), {{"¿wifi?"}}, soon());
    REQUIRE_FALSE(reply);
    CHECK(is_retryable(reply.error()));
    f.store.away = false;
    CHECK(f.ask(tenant_of(1), "¿wifi?") == kRefusalText);
}

TEST_CASE("decisions are counted by action") {
    Fixture f;
    f.ask(tenant_of(1), "hola");
    f.ask(tenant_of(1), "¿wifi?");
    const std::string page = f.metrics.serialize();
    CHECK(page.find("tecnochat_ai_reply_requests_total{action=\"smalltalk\"} 1") != page.npos);
    CHECK(page.find("tecnochat_ai_reply_requests_total{action=\"refuse\"} 1") != page.npos);
}

TEST_CASE("a turn always has the same reply id, another turn another") {
    const TurnId turn(Uuid::v5(kTecnochatNamespace, "a turn"));
    const TurnId other(Uuid::v5(kTecnochatNamespace, "another turn"));
    CHECK(AnswerTurn::reply_id(turn) == AnswerTurn::reply_id(turn));
    CHECK(AnswerTurn::reply_id(turn) != AnswerTurn::reply_id(other));
    CHECK(AnswerTurn::reply_id(turn).uuid() != turn.uuid());
}

TEST_CASE("items beyond the limits are refused with a reason and never stored") {
    Fixture f;
    const auto reason = [&](const KnowledgeItem& item) {
        const auto stored = f.manage.put(tenant_of(1), item, soon());
        REQUIRE_FALSE(stored);
        CHECK(stored.error().code == ErrorCode::kInvalidArgument);
        return stored.error().reason;
    };
    CHECK(reason(item_of(1, " \n", "texto")) == "ITEM_EMPTY");
    CHECK(reason(item_of(1, "título", "")) == "ITEM_EMPTY");
    CHECK(reason(item_of(1, std::string(201, 'a'), "texto")) == "ITEM_TITLE_TOO_LONG");
    CHECK(reason(item_of(1, "título", std::string(8001, 'a'))) == "ITEM_TEXT_TOO_LONG");
    CHECK(reason({{}, KnowledgeKind::kFaq, "título", "texto"}) == "ITEM_ID_MISSING");
    // Characters count, not bytes.
    std::string accented;
    for (int i = 0; i < 200; ++i) accented += "ñ";
    CHECK(f.manage.put(tenant_of(1), item_of(1, accented, "texto"), soon()));
}

TEST_CASE("pages hold what was asked and lead through all items once") {
    Fixture f;
    for (std::uint8_t n = 1; n <= 5; ++n) {
        REQUIRE(f.manage.put(tenant_of(1), item_of(n, "título", "texto"), soon()));
    }
    std::vector<KnowledgeItemId> seen;
    std::optional<KnowledgeItemId> after;
    int pages = 0;
    do {
        auto page = f.manage.list(tenant_of(1), after, 2, soon());
        REQUIRE(page);
        for (const StoredItem& stored : page->items) seen.push_back(stored.item.id);
        after = page->next;
        ++pages;
    } while (after && pages < 10);
    CHECK(pages == 3);
    CHECK(
        seen ==
        std::vector<KnowledgeItemId>{
            item_id_of(1), item_id_of(2), item_id_of(3), item_id_of(4), item_id_of(5)
        }
    );
}

}  // namespace
}  // namespace tecnochat::ai_reply
