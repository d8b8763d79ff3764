// Goal: a turn that the AI never answers ends all the same, exactly once, and in a person's hands.
#include <catch2/catch.hpp>

#include "component/fixture.hpp"
#include "tecnochat/kafka/topics.hpp"
#include "use_cases/end_overdue_turns.hpp"

namespace tecnochat::message_router::testing {
namespace {

using namespace std::chrono_literals;
namespace wa = tecnochat::whatsapp::v1;

struct Scene : Router {
    EndOverdueTurns end_overdue_turns{reach, outbox, router_metrics, clock, 10min};

    std::string outcome_of(const std::string& wamid) {
        return database.query(
            "SELECT coalesce(t.outcome, 'open') || coalesce(':' || t.reason, '') "
            "FROM messages m JOIN turns t ON t.id = m.turn_id WHERE m.wamid = '" +
            wamid + "'"
        );
    }
    std::int64_t answers() {
        return database.count("SELECT count(*) FROM messages WHERE direction = 'out'");
    }
    double overdue() {
        return metrics
            .counter(
                "tecnochat_router_turns_overdue_total",
                "Turns handed over to a person because the AI did not answer in time."
            )
            .value();
    }
};

TEST_CASE("an overdue turn is handed over exactly once, and a late reply is dropped") {
    Scene scene;
    scene.take_text("wamid.1", "¿a qué hora abren?");
    scene.clock.advance(1ms);  // turns of one millisecond have no order
    scene.take_text("wamid.2", "¿y el domingo?");
    const auto late = scene.reply_to("wamid.1", "A las 8.");
    const auto later = scene.reply_to("wamid.2", "Cerramos.");
    scene.clock.advance(9min);
    Scene::require(scene.end_overdue_turns.run());
    CHECK(scene.outcome_of("wamid.1") == "open");

    scene.clock.advance(1min);
    Scene::require(scene.end_overdue_turns.run());
    Scene::require(scene.end_overdue_turns.run());
    CHECK(scene.outcome_of("wamid.1") == "handover");
    CHECK(scene.outcome_of("wamid.2") == "silence:superseded");
    CHECK(scene.database.query("SELECT turn || turn_epoch FROM conversations") == "human2");
    CHECK(scene.overdue() == 1);
    CHECK(scene.answers() == 1);

    scene.take(scene.accept_replies, {Router::record(late), Router::record(later)});
    CHECK(scene.dropped("ai.replies", "turn_closed") == 2);
    CHECK(scene.answers() == 1);

    // Two read receipts, then the sentence, under the id that the late reply would have had.
    const auto outbound = scene.published(kafka::topics::kWhatsappOutbound, 3);
    REQUIRE(outbound.size() == 3);
    wa::OutboundCommand command;
    REQUIRE(command.ParseFromString(outbound[2].value));
    CHECK(command.send_text().body() == domain::kOverdueReply);
    CHECK(
        command.send_text().send_id() ==
        domain::reply_id_of(TurnId::parse(late.turn_id()).value()).to_string()
    );
    CHECK(
        scene.database.query(
            "SELECT provenance || status || sequence FROM messages WHERE direction = 'out'"
        ) == "systemqueued3"
    );
}

TEST_CASE("every overdue conversation is handed over, the others are left alone") {
    Scene scene;
    std::vector<kafka::Record> records;
    for (int i = 0; i < 20; ++i) {
        const auto id = std::to_string(100 + i);
        records.push_back(Router::record(scene.text_message("wamid." + id, "hola", "57300" + id)));
    }
    scene.take(scene.receive_inbound, records);
    scene.take(
        scene.accept_replies, {Router::record(scene.reply_to("wamid.100", "¡Hola! ¿En qué ayudo?"))}
    );
    scene.clock.advance(10min);
    scene.take_text("wamid.young", "hola");
    Scene::require(scene.end_overdue_turns.run());
    CHECK(scene.outcome_of("wamid.100") == "reply");
    CHECK(scene.outcome_of("wamid.119") == "handover");
    CHECK(scene.outcome_of("wamid.young") == "open");
    CHECK(scene.database.count("SELECT count(*) FROM turns WHERE outcome = 'handover'") == 19);
    CHECK(scene.answers() == 20);
    CHECK(scene.overdue() == 19);
}

}  // namespace
}  // namespace tecnochat::message_router::testing
