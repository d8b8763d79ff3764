// Which of the AI's replies are accepted, and what they do to the conversation.
#include "domain/reply.hpp"

#include <catch2/catch.hpp>

namespace tecnochat::message_router::domain {
namespace {

using namespace std::chrono_literals;

constexpr Timestamp kNow = Timestamp(1'800'000'000'000ms);

struct Scene {
    Conversation conversation;
    Turn turn;
    AiReply reply;

    Scene() {
        conversation.id = ConversationId::generate(kNow);
        conversation.turn_epoch = 3;
        conversation.next_sequence = 8;
        turn = {TurnId::generate(kNow), conversation.id, 3, true, kNow - 20ms};
        reply.conversation = conversation.id;
        reply.turn = turn.id;
        reply.turn_epoch = 3;
        reply.text = "Abrimos a las 8.";
    }
    ReplyDecision accept() { return domain::accept(conversation, turn, reply, kNow); }
};

TEST_CASE("an answer ends its turn with a reply") {
    Scene scene;
    scene.reply.action = GENERATE(AiAction::kAnswer, AiAction::kSmalltalk);
    const auto decision = scene.accept();
    CHECK(decision.dropped.empty());
    CHECK(decision.end == TurnEnd{Outcome::kReply, {}});
    CHECK(decision.sequence == 8);
    CHECK_FALSE(decision.supersede_others);
    CHECK(scene.conversation.next_sequence == 9);
    CHECK(scene.conversation.turn == TurnOwner::kAi);
    CHECK(scene.conversation.turn_epoch == 3);
    CHECK(scene.conversation.last_message_at == kNow);
}

TEST_CASE("a refusal or handoff is said and gives the conversation to a person") {
    Scene scene;
    scene.reply.action = GENERATE(AiAction::kRefuse, AiAction::kHandoff);
    const auto decision = scene.accept();
    CHECK(decision.end == TurnEnd{Outcome::kHandover, {}});
    CHECK(decision.sequence == 8);
    CHECK(decision.supersede_others);
    CHECK(scene.conversation.turn == TurnOwner::kHuman);
    CHECK(scene.conversation.turn_epoch == 4);
}

TEST_CASE("a reply that cannot be sent goes to a person without a word") {
    Scene scene;
    scene.reply.text = GENERATE(std::string(), std::string(" \n"), std::string(4097, 'a'));
    const auto decision = scene.accept();
    CHECK(decision.end == TurnEnd{Outcome::kHandover, {}});
    CHECK_FALSE(decision.sequence.has_value());
    CHECK(decision.supersede_others);
    CHECK(scene.conversation.turn == TurnOwner::kHuman);
    CHECK(scene.conversation.next_sequence == 8);
}

TEST_CASE("the limit of a text counts characters, not bytes") {
    Scene scene;
    scene.reply.text.clear();
    for (int i = 0; i < 4096; ++i) scene.reply.text += "ñ";
    CHECK(scene.accept().end == TurnEnd{Outcome::kReply, {}});
}

TEST_CASE("a second reply to a turn is dropped") {
    Scene scene;
    scene.turn.open = false;
    const auto decision = scene.accept();
    CHECK(decision.dropped == "turn_closed");
    CHECK_FALSE(decision.end.has_value());
    CHECK_FALSE(decision.sequence.has_value());
    CHECK(scene.conversation.next_sequence == 8);
}

TEST_CASE("a reply that comes after the turn changed hands is dropped and its turn closed") {
    Scene scene;
    scene.conversation.hand_over_to_human();
    const auto decision = scene.accept();
    CHECK(decision.dropped == "old_epoch");
    CHECK(decision.end == TurnEnd{Outcome::kSilence, "superseded"});
    CHECK_FALSE(decision.sequence.has_value());
    CHECK(scene.conversation.next_sequence == 8);

    SECTION("also once the AI has the conversation back") {
        scene.conversation.release();
        CHECK(scene.accept().dropped == "old_epoch");
    }
}

TEST_CASE("a reply of another epoch than its turn is dropped, the turn stays open") {
    Scene scene;
    scene.reply.turn_epoch = GENERATE(2, 4);
    const auto decision = scene.accept();
    CHECK(decision.dropped == "foreign_epoch");
    CHECK_FALSE(decision.end.has_value());
}

TEST_CASE("a reply to a turn of another conversation is dropped") {
    Scene scene;
    scene.turn.conversation = ConversationId::generate(kNow);
    CHECK(scene.accept().dropped == "unknown_turn");
}

TEST_CASE("a release gives the turn back once") {
    Conversation conversation;
    conversation.hand_over_to_human();
    conversation.unread = 4;
    conversation.parked = true;
    conversation.release();
    CHECK(conversation.turn == TurnOwner::kAi);
    CHECK(conversation.turn_epoch == 3);
    CHECK(conversation.unread == 0);
    CHECK_FALSE(conversation.parked);
    conversation.release();
    CHECK(conversation.turn_epoch == 3);
}

TEST_CASE("a turn's reply always has the same id, and each turn another") {
    const auto turn = TurnId::generate(kNow);
    CHECK(reply_id_of(turn) == reply_id_of(turn));
    CHECK(reply_id_of(turn) != reply_id_of(TurnId::generate(kNow)));
}

}  // namespace
}  // namespace tecnochat::message_router::domain
