// Which of the AI's replies are accepted, and what they do to the conversation.
#include "domain/reply.hpp"

#include <catch2/catch.hpp>

namespace tecnochat::message_router::domain {
namespace {

using namespace std::chrono_literals;

constexpr Timestamp kNow = Timestamp(1'800'000'000'000ms);
constexpr Milliseconds kLimit = 10min;

struct Scene {
    Conversation conversation;
    Turn turn;
    AiReply reply;

    Scene() {
        conversation.id = ConversationId::generate(kNow);
        conversation.turn_epoch = 3;
        conversation.next_sequence = 8;
        conversation.window_until = kNow + 24h;
        turn = {TurnId::generate(kNow), conversation.id, 3, true, kNow - 20ms};
        reply.conversation = conversation.id;
        reply.turn = turn.id;
        reply.turn_epoch = 3;
        reply.text = "Abrimos a las 8.";
    }
    ReplyDecision accept() { return domain::accept(conversation, turn, reply, kNow); }
    ReplyDecision give_up(Milliseconds after_opening) {
        return domain::give_up(conversation, turn, turn.opened_at + after_opening, kLimit);
    }
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

TEST_CASE("a turn without an answer in time is handed over as a refusal would") {
    Scene refused;
    refused.reply.action = AiAction::kRefuse;
    const auto refusal = refused.accept();
    Scene scene;
    const auto decision = scene.give_up(kLimit);
    CHECK(decision.dropped.empty());
    CHECK(decision.end == refusal.end);
    CHECK(decision.sequence == refusal.sequence);
    CHECK(decision.supersede_others == refusal.supersede_others);
    CHECK(scene.conversation.turn == refused.conversation.turn);
    CHECK(scene.conversation.turn_epoch == refused.conversation.turn_epoch);
    CHECK(scene.conversation.next_sequence == refused.conversation.next_sequence);

    SECTION("the answer that comes later is dropped") {
        scene.turn.open = false;
        CHECK(scene.accept().dropped == "turn_closed");
    }
}

TEST_CASE("a turn that may still be answered is left alone") {
    Scene scene;
    CHECK(scene.give_up(kLimit - 1ms).dropped == "not_overdue");
    CHECK_FALSE(scene.give_up(kLimit - 1ms).end.has_value());
    CHECK(scene.conversation.turn == TurnOwner::kAi);
    scene.turn.open = false;
    CHECK(scene.give_up(kLimit).dropped == "turn_closed");
}

TEST_CASE("once Meta's window has closed an overdue turn goes to a person without a word") {
    Scene scene;
    scene.conversation.window_until = scene.turn.opened_at + 24h;
    const auto decision = scene.give_up(24h);
    CHECK(decision.end == TurnEnd{Outcome::kHandover, {}});
    CHECK_FALSE(decision.sequence.has_value());
    CHECK(scene.conversation.turn == TurnOwner::kHuman);
    CHECK(scene.conversation.next_sequence == 8);
}

TEST_CASE("an overdue turn of an older epoch is closed and says nothing") {
    Scene scene;
    scene.conversation.hand_over_to_human();
    const auto decision = scene.give_up(kLimit);
    CHECK(decision.end == TurnEnd{Outcome::kSilence, "superseded"});
    CHECK_FALSE(decision.sequence.has_value());
    CHECK(scene.conversation.turn_epoch == 4);
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
