// ai.replies against a real database: one outcome per turn, late words dropped.
#include <catch2/catch.hpp>

#include "component/fixture.hpp"
#include "tecnochat/kafka/topics.hpp"

namespace tecnochat::message_router::testing {
namespace {

namespace wa = tecnochat::whatsapp::v1;

std::string outcome_of(const std::string& wamid) {
    return "SELECT coalesce(t.outcome, 'open') || coalesce(':' || t.reason, '') FROM messages m JOIN turns t ON "
           "t.id = m.turn_id WHERE m.wamid = '" +
           wamid + "'";
}

TEST_CASE("an answer is stored, ends its turn and is sent") {
    Router router;
    router.take_text("wamid.1", "¿a qué hora abren?");
    const auto reply = router.reply_to("wamid.1", "Abrimos a las 8.");
    router.take(router.accept_replies, {Router::record(reply)});

    CHECK(router.database.query(outcome_of("wamid.1")) == "reply");
    CHECK(
        router.database.query(
            "SELECT provenance || status || sequence FROM messages WHERE direction = 'out'"
        ) == "aiqueued2"
    );
    CHECK(
        router.database.query("SELECT sources->0->>'title' FROM messages WHERE direction = 'out'"
        ) == "Horario"
    );
    const auto outbound = router.published(kafka::topics::kWhatsappOutbound, 2);
    wa::OutboundCommand command;
    REQUIRE(command.ParseFromString(outbound[1].value));
    CHECK(command.send_text().body() == "Abrimos a las 8.");
    CHECK(command.send_text().to().phone() == "573001112233");
    CHECK(
        command.send_text().send_id() ==
        router.database.query("SELECT id::text FROM messages WHERE direction = 'out'")
    );
    CHECK(outbound[1].event_id() == command.send_text().send_id());
    CHECK(
        command.send_text().window_until().seconds() ==
        (to_unix_ms(router.clock.now()) - 1000) / 1000 + 24 * 3600
    );

    SECTION("a second copy changes nothing") {
        router.take(router.accept_replies, {Router::record(reply), Router::record(reply)});
        CHECK(router.dropped("ai.replies", "turn_closed") == 2);
        CHECK(router.database.count("SELECT count(*) FROM messages") == 2);
    }
}

TEST_CASE("two copies in one batch make one message") {
    Router router;
    router.take_text("wamid.1", "hola");
    const auto reply = Router::record(router.reply_to("wamid.1", "¡Hola!"));
    router.take(router.accept_replies, {reply, reply});
    CHECK(router.database.count("SELECT count(*) FROM messages WHERE direction = 'out'") == 1);
    CHECK(router.dropped("ai.replies", "turn_closed") == 1);
}

TEST_CASE("after a handover late replies are dropped and every turn has one outcome") {
    Router router;
    router.take_text("wamid.1", "quiero hablar con alguien");
    router.take_text("wamid.2", "¿a qué hora abren?");
    router.take_text("wamid.3", "¿y el domingo?");
    auto handoff = router.reply_to("wamid.1", "Te paso con una persona.");
    handoff.set_action(GENERATE(ai::v1::AI_ACTION_HANDOFF, ai::v1::AI_ACTION_REFUSE));
    const auto late = router.reply_to("wamid.2", "A las 8.");
    const bool one_batch = GENERATE(false, true);
    if (one_batch) {
        router.take(router.accept_replies, {Router::record(handoff), Router::record(late)});
    } else {
        router.take(router.accept_replies, {Router::record(handoff)});
        router.take(router.accept_replies, {Router::record(late)});
    }
    CHECK(router.database.query(outcome_of("wamid.1")) == "handover");
    CHECK(router.database.query(outcome_of("wamid.2")) == "silence:superseded");
    CHECK(router.database.query(outcome_of("wamid.3")) == "silence:superseded");
    CHECK(router.database.query("SELECT turn || turn_epoch FROM conversations") == "human2");
    CHECK(router.database.count("SELECT count(*) FROM messages WHERE direction = 'out'") == 1);
    CHECK(
        router.dropped("ai.replies", "turn_closed") + router.dropped("ai.replies", "old_epoch") == 1
    );

    router.take_text("wamid.4", "¿hola?");
    CHECK(router.database.query(outcome_of("wamid.4")) == "silence:human_owner");
}

TEST_CASE("a released conversation is the AI's again, old replies stay dropped") {
    Router router;
    router.take_text("wamid.1", "quiero una persona");
    auto handoff = router.reply_to("wamid.1", "Te paso con una persona.");
    handoff.set_action(ai::v1::AI_ACTION_HANDOFF);
    router.take(router.accept_replies, {Router::record(handoff)});
    const auto id = ConversationId::parse(handoff.conversation_id()).value();
    const auto deadline = Deadline::after(std::chrono::seconds(5));

    const auto released = router.release.run(router.tenant, id, deadline);
    REQUIRE(released);
    CHECK(released->state.turn == domain::TurnOwner::kAi);
    CHECK(released->state.turn_epoch == 3);
    CHECK(released->state.unread == 0);
    const auto again = router.release.run(router.tenant, id, deadline);
    REQUIRE(again);
    CHECK(again->state.turn_epoch == 3);

    router.take_text("wamid.2", "¿a qué hora abren?");
    auto old = router.reply_to("wamid.2", "A las 8.");
    old.set_turn_epoch(1);
    router.take(router.accept_replies, {Router::record(old)});
    CHECK(router.database.query(outcome_of("wamid.2")) == "open");
    router.take(router.accept_replies, {Router::record(router.reply_to("wamid.2", "A las 8."))});
    CHECK(router.database.query(outcome_of("wamid.2")) == "reply");
}

TEST_CASE("replies to turns that are not there are dropped") {
    Router router;
    router.take_text("wamid.1", "hola");
    auto unknown_turn = router.reply_to("wamid.1", "hola");
    unknown_turn.set_turn_id(TurnId::generate(router.clock.now()).to_string());
    auto foreign_tenant = router.reply_to("wamid.1", "hola");
    foreign_tenant.set_tenant_id(router.other_tenant.to_string());
    router.take(
        router.accept_replies, {Router::record(unknown_turn), Router::record(foreign_tenant)}
    );
    CHECK(router.dropped("ai.replies", "unknown_turn") == 2);
    CHECK(router.database.query(outcome_of("wamid.1")) == "open");
}

}  // namespace
}  // namespace tecnochat::message_router::testing
