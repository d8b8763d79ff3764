// Goal: requests read as sent, replies carry what the router needs, wrong records are told apart.

#include "events/event_codec.hpp"

#include <catch2/catch.hpp>

#include "tecnochat/ai/v1/events.pb.h"

namespace tecnochat::ai_reply {
namespace {

constexpr const char* kTenant = "0199a7c0-1c00-7000-8000-000000000001";
constexpr const char* kConversation = "0199a7c0-1c00-7000-8000-000000000002";
constexpr const char* kTurn = "0199a7c0-1c00-7000-8000-000000000003";

ai::v1::AiRequest request() {
    ai::v1::AiRequest wire;
    wire.set_tenant_id(kTenant);
    wire.set_conversation_id(kConversation);
    wire.set_turn_id(kTurn);
    wire.set_turn_epoch(7);
    wire.add_question("hola");
    wire.add_question("¿a qué hora abren?");
    return wire;
}

kafka::Record record_of(std::string value) {
    kafka::Record record;
    record.value = std::move(value);
    return record;
}

Result<TurnRequest> parsed_request() {
    return parse_request(record_of(request().SerializeAsString()));
}

TEST_CASE("a request is read with all its messages in order") {
    const auto parsed = parsed_request();
    REQUIRE(parsed);
    CHECK(parsed->tenant.to_string() == kTenant);
    CHECK(parsed->conversation.to_string() == kConversation);
    CHECK(parsed->turn.to_string() == kTurn);
    CHECK(parsed->turn_epoch == 7);
    CHECK(parsed->question.messages == std::vector<std::string>{"hola", "¿a qué hora abren?"});
}

TEST_CASE("bytes that are no request and ids that are no UUIDs can never be answered") {
    CHECK(parse_request(record_of("\xFF\xFF\xFF")).error().reason == "UNPARSABLE");
    CHECK(parse_request(record_of("")).error().reason == "INVALID_ID");
    auto wire = request();
    wire.set_turn_id("turn-1");
    CHECK(parse_request(record_of(wire.SerializeAsString())).error().reason == "INVALID_ID");
}

TEST_CASE("a reply names its turn, its epoch, its decision and its sources") {
    const auto parsed = parsed_request();
    REQUIRE(parsed);
    const MessageId id(Uuid::v5(kTecnochatNamespace, "reply"));
    const KnowledgeItemId item(Uuid::v5(kTecnochatNamespace, "item"));
    const auto record = reply_record(
        *parsed,
        id,
        {Action::kAnswer, Intent::kAskInfo, "A las 7.", {{item, "Horario", "A las 7.", 3.5}}},
        Timestamp(Milliseconds(5))
    );
    CHECK(record.topic == "ai.replies");
    CHECK(record.key == kConversation);
    ai::v1::AiReply wire;
    REQUIRE(wire.ParseFromString(record.value));
    CHECK(wire.tenant_id() == kTenant);
    CHECK(wire.conversation_id() == kConversation);
    CHECK(wire.turn_id() == kTurn);
    CHECK(wire.turn_epoch() == 7);
    CHECK(wire.reply_id() == id.to_string());
    CHECK(wire.action() == ai::v1::AI_ACTION_ANSWER);
    CHECK(wire.intent() == ai::v1::AI_INTENT_ASK_INFO);
    CHECK(wire.text() == "A las 7.");
    REQUIRE(wire.sources_size() == 1);
    CHECK(wire.sources(0).item_id() == item.to_string());
    CHECK(wire.sources(0).title() == "Horario");
    CHECK(wire.sources(0).excerpt() == "A las 7.");
    CHECK(wire.sources(0).score() == 3.5);
}

TEST_CASE("every action and intent has its word on the wire") {
    const auto parsed = parsed_request();
    REQUIRE(parsed);
    const auto sent = [&](Action action, Intent intent) {
        ai::v1::AiReply wire;
        REQUIRE(wire.ParseFromString(reply_record(*parsed, {}, {action, intent, "", {}}, {}).value)
        );
        return std::pair(wire.action(), wire.intent());
    };
    CHECK(
        sent(Action::kRefuse, Intent::kNone) ==
        std::pair(ai::v1::AI_ACTION_REFUSE, ai::v1::AI_INTENT_NONE)
    );
    CHECK(
        sent(Action::kHandoff, Intent::kHuman) ==
        std::pair(ai::v1::AI_ACTION_HANDOFF, ai::v1::AI_INTENT_HUMAN)
    );
    CHECK(
        sent(Action::kSmalltalk, Intent::kGreeting) ==
        std::pair(ai::v1::AI_ACTION_SMALLTALK, ai::v1::AI_INTENT_GREETING)
    );
    CHECK(sent(Action::kSmalltalk, Intent::kThanks).second == ai::v1::AI_INTENT_THANKS);
}

}  // namespace
}  // namespace tecnochat::ai_reply
