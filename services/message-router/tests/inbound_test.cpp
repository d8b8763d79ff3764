// How a customer's message enters its conversation and how its turn begins or ends.
#include "domain/inbound.hpp"

#include <catch2/catch.hpp>

#include "domain/reply.hpp"

namespace tecnochat::message_router::domain {
namespace {

using namespace std::chrono_literals;

constexpr Timestamp kNow = Timestamp(1'800'000'000'000ms);
constexpr Milliseconds kStaleAfter = 10min;

InboundMessage text(std::string body) {
    InboundMessage message;
    message.kind = ContentKind::kText;
    message.type = "text";
    message.body = std::move(body);
    message.sent_at = kNow - 2s;
    message.received_at = kNow - 1s;
    return message;
}

InboundMessage raw(std::string type) {
    InboundMessage message = text("{}");
    message.kind = kind_of_raw_type(type);
    message.type = std::move(type);
    return message;
}

TurnEnd silent(std::string_view reason) {
    return {Outcome::kSilence, reason};
}

TEST_CASE("a question opens a turn of the AI") {
    Conversation conversation;
    const auto decision = receive(conversation, text("¿abren el sábado?"), kNow, kStaleAfter);
    CHECK_FALSE(decision.end.has_value());
    CHECK_FALSE(decision.reply_sequence.has_value());
    CHECK(decision.sequence == 1);
    CHECK(conversation.next_sequence == 2);
    CHECK(conversation.unread == 1);
    CHECK(conversation.last_message_at == kNow - 1s);
    CHECK(conversation.turn == TurnOwner::kAi);
    CHECK(conversation.turn_epoch == 1);
}

TEST_CASE("sequences have no gaps, whatever happens to the turns") {
    Conversation conversation;
    CHECK(receive(conversation, text("uno"), kNow, kStaleAfter).sequence == 1);
    const auto media = receive(conversation, raw("image"), kNow, kStaleAfter);
    CHECK(media.sequence == 2);
    CHECK(media.reply_sequence == 3);
    CHECK(receive(conversation, raw("reaction"), kNow, kStaleAfter).sequence == 4);
    CHECK(conversation.next_sequence == 5);
    CHECK(conversation.unread == 3);
}

TEST_CASE("a person's conversation stays silent") {
    Conversation conversation;
    conversation.hand_over_to_human();
    const auto decision = receive(conversation, text("¿hola?"), kNow, kStaleAfter);
    CHECK(decision.end == silent("human_owner"));
    CHECK(receive(conversation, raw("image"), kNow, kStaleAfter).end == silent("human_owner"));
}

TEST_CASE("an old message calls for a person, and the AI goes on") {
    Conversation conversation;
    auto message = text("¿hola?");
    message.sent_at = kNow - kStaleAfter;
    CHECK_FALSE(receive(conversation, message, kNow, kStaleAfter).end.has_value());
    CHECK_FALSE(conversation.needs_attention);
    message.sent_at -= 1ms;
    const auto first = receive(conversation, message, kNow, kStaleAfter);
    CHECK(first.end == TurnEnd{Outcome::kHandover, {}});
    CHECK(first.sequence == 2);
    CHECK(first.reply_sequence == 3);
    CHECK(first.reply == kOverdueReply);
    CHECK(conversation.needs_attention);
    CHECK(conversation.turn == TurnOwner::kAi);
    CHECK(conversation.turn_epoch == 1);

    SECTION("the customer is told once, until a person has looked") {
        const auto second = receive(conversation, message, kNow, kStaleAfter);
        CHECK(second.end == TurnEnd{Outcome::kHandover, {}});
        CHECK_FALSE(second.reply_sequence.has_value());
        conversation.release();
        CHECK_FALSE(conversation.needs_attention);
        CHECK(conversation.turn_epoch == 1);
        CHECK(receive(conversation, message, kNow, kStaleAfter).reply_sequence.has_value());
    }
    SECTION("what needs no answer calls for nobody") {
        conversation.release();
        auto thumb = text("👍");
        thumb.sent_at = message.sent_at;
        CHECK(receive(conversation, thumb, kNow, kStaleAfter).end == silent("wordless"));
        CHECK_FALSE(conversation.needs_attention);
    }
}

TEST_CASE("nothing is sent for a message that comes after its window") {
    Conversation conversation;
    auto message = raw("image");
    message.sent_at = kNow - kServiceWindow;
    const auto decision = receive(conversation, message, kNow, kStaleAfter);
    CHECK(decision.end == TurnEnd{Outcome::kHandover, {}});
    CHECK_FALSE(decision.reply_sequence.has_value());
    CHECK(conversation.needs_attention);
}

TEST_CASE("a parked conversation waits for a person") {
    Conversation conversation;
    conversation.parked = true;
    CHECK(receive(conversation, text("¿hola?"), kNow, kStaleAfter).end == silent("parked"));
}

TEST_CASE("reactions and unknown types are not questions") {
    const auto* type = GENERATE("reaction", "unsupported", "unknown", "edit", "button", "");
    Conversation conversation;
    CHECK(receive(conversation, raw(type), kNow, kStaleAfter).end == silent("not_a_question"));
}

TEST_CASE("a text without a word is not a question") {
    Conversation conversation;
    const auto* wordless = GENERATE(" \n\t", "👍", "???", "\u200B", ".");
    CHECK(receive(conversation, text(wordless), kNow, kStaleAfter).end == silent("wordless"));
    CHECK(conversation.turn == TurnOwner::kAi);
}

TEST_CASE("a tap with a title is a question, one without is none") {
    Conversation conversation;
    auto tap = text("Confirmar");
    tap.tapped = "P1";
    CHECK_FALSE(receive(conversation, tap, kNow, kStaleAfter).end.has_value());
    tap.body.clear();
    CHECK(receive(conversation, tap, kNow, kStaleAfter).end == silent("tap_without_title"));
    CHECK(conversation.turn == TurnOwner::kAi);
}

TEST_CASE("the caption of media is what the customer says") {
    CHECK(kind_of_raw_type("image", "¿abren?") == ContentKind::kCaptioned);
    CHECK(kind_of_raw_type("video", "¿abren?") == ContentKind::kCaptioned);
    CHECK(kind_of_raw_type("document", "¿abren?") == ContentKind::kCaptioned);
    CHECK(kind_of_raw_type("image", " ") == ContentKind::kUnreadable);
    CHECK(kind_of_raw_type("audio", "¿abren?") == ContentKind::kUnreadable);
    CHECK(kind_of_raw_type("reaction", "¿abren?") == ContentKind::kNotAQuestion);
    auto image = text("{}");
    image.kind = ContentKind::kCaptioned;
    image.caption = "¿abren?";
    CHECK(words_of(image) == "¿abren?");
    Conversation conversation;
    CHECK_FALSE(receive(conversation, image, kNow, kStaleAfter).end.has_value());
}

TEST_CASE("a system notice moves nothing") {
    Conversation conversation;
    if (GENERATE(false, true)) conversation.hand_over_to_human();
    const auto decision = receive(conversation, raw("system"), kNow, kStaleAfter);
    CHECK(decision.end == silent("system"));
    CHECK(decision.sequence == 1);
    CHECK(conversation.unread == 0);
    CHECK(conversation.window_until == Timestamp());
    CHECK(conversation.last_message_at == Timestamp());
}

TEST_CASE("a group's and the number's own messages belong to no private conversation") {
    auto message = text("hola");
    message.from.phone = "573001112233";
    message.display_phone_number = "+57 300 111-2234";
    CHECK_FALSE(reason_to_set_aside(message).has_value());
    message.display_phone_number = "+57 300 111-2233";
    CHECK(reason_to_set_aside(message) == "own_number");
    message.display_phone_number.clear();
    message.from.phone.reset();
    CHECK_FALSE(reason_to_set_aside(message).has_value());
    message.group_id = "Y2Fw";
    CHECK(reason_to_set_aside(message) == "group");
}

TEST_CASE("what we cannot read gets our own sentence") {
    const auto* type =
        GENERATE("image", "video", "audio", "document", "sticker", "location", "contacts", "order");
    Conversation conversation;
    const auto decision = receive(conversation, raw(type), kNow, kStaleAfter);
    CHECK(decision.end == TurnEnd{Outcome::kReply, {}});
    CHECK(decision.reply_sequence == 2);
}

TEST_CASE("the window is open for 24 hours after the customer's last message") {
    Conversation conversation;
    receive(conversation, text("hola"), kNow, kStaleAfter);
    CHECK(conversation.window_until == kNow - 2s + 24h);

    SECTION("and is never moved back by a message that comes late") {
        auto late = text("antes");
        late.sent_at = kNow - 5min;
        receive(conversation, late, kNow, kStaleAfter);
        CHECK(conversation.window_until == kNow - 2s + 24h);
    }
    SECTION("and a stamp from the future does not stretch it") {
        auto future = text("después");
        future.sent_at = kNow + 3h;
        receive(conversation, future, kNow, kStaleAfter);
        CHECK(conversation.window_until == kNow - 1s + 24h);
    }
}

TEST_CASE("activity never moves back") {
    Conversation conversation;
    conversation.last_message_at = kNow + 1min;
    receive(conversation, text("hola"), kNow, kStaleAfter);
    CHECK(conversation.last_message_at == kNow + 1min);
}

}  // namespace
}  // namespace tecnochat::message_router::domain
