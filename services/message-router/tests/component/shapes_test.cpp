// Shapes of messages that other people's systems met in real traffic: each ends as it should.
#include <grpcpp/server_context.h>

#include <catch2/catch.hpp>

#include "component/fixture.hpp"
#include "rpc/conversations_rpc.hpp"
#include "tecnochat/kafka/topics.hpp"

namespace tecnochat::message_router::testing {
namespace {

using namespace std::chrono_literals;
namespace v1 = tecnochat::conversations::v1;
namespace wa = tecnochat::whatsapp::v1;

struct Shapes : Router {
    ConversationsRpc rpc{read, release};
    grpc::ServerContext context;

    void take_one(const wa::InboundMessage& message) { take(receive_inbound, {record(message)}); }
    wa::InboundMessage tap(wa::InteractiveReplyKind kind, const char* id, const char* title) const {
        auto message = text_message("wamid.tap", "");
        message.mutable_interactive_reply()->set_kind(kind);
        message.mutable_interactive_reply()->set_id(id);
        message.mutable_interactive_reply()->set_title(title);
        return message;
    }
    wa::InboundMessage raw(
        const std::string& wamid, const std::string& type, const std::string& caption = ""
    ) const {
        auto message = text_message(wamid, "");
        message.mutable_raw()->set_type(type);
        message.mutable_raw()->set_json(R"({"id":"1"})");
        message.mutable_raw()->set_caption(caption);
        return message;
    }
    /// How the turn of an inbound message stands: "open", or its outcome and reason.
    std::string turn_of(const std::string& wamid) {
        return database.query(
            "SELECT coalesce(t.outcome, 'open') || coalesce(' ' || t.reason, '') FROM messages m "
            "JOIN turns t ON t.id = m.turn_id WHERE m.direction = 'in' AND m.wamid = '" +
            wamid + "'"
        );
    }
    /// The words of the first question that the AI is asked.
    std::string asked() {
        ai::v1::AiRequest request;
        REQUIRE(request.ParseFromString(published(kafka::topics::kAiRequests, 1)[0].value));
        return request.question(0);
    }
    double silences(const std::string& reason) {
        return metrics
            .counter(
                "tecnochat_router_turns_total",
                "Turns that ended, by outcome and reason of silence.",
                {{"outcome", "silence"}, {"reason", reason}}
            )
            .value();
    }
    std::int64_t rows(const std::string& table) {
        return database.count("SELECT count(*) FROM " + table);
    }
    v1::Conversation shown() {
        v1::ListConversationsRequest request;
        request.set_tenant_id(tenant.to_string());
        v1::ListConversationsResponse response;
        REQUIRE(rpc.ListConversations(&context, &request, &response).ok());
        REQUIRE(response.conversations_size() == 1);
        return response.conversations(0);
    }
    v1::Message first_shown() {
        v1::ListMessagesRequest request;
        request.set_tenant_id(tenant.to_string());
        request.set_conversation_id(shown().id());
        v1::ListMessagesResponse response;
        REQUIRE(rpc.ListMessages(&context, &request, &response).ok());
        REQUIRE(response.messages_size() > 0);
        return response.messages(0);
    }
};

TEST_CASE("a tap with a title is taken like typed text, its id kept") {
    Shapes router;
    SECTION("a template's button") {
        router.take_one(router.tap(wa::INTERACTIVE_REPLY_KIND_TEMPLATE_BUTTON, "P1", "Confirmar"));
        CHECK(router.first_shown().type() == "button");
    }
    SECTION("a row or a button of ours") {
        router.take_one(router.tap(wa::INTERACTIVE_REPLY_KIND_LIST, "P1", "Confirmar"));
        CHECK(router.first_shown().type() == "interactive");
    }
    CHECK(router.turn_of("wamid.tap") == "open");
    CHECK(router.asked() == "Confirmar");
    CHECK(router.first_shown().text() == "Confirmar");
    CHECK(router.database.query("SELECT convert_from(tapped, 'UTF8') FROM messages") == "P1");
}

TEST_CASE("a tap whose title is all there is, is asked; one with its id alone is kept in silence") {
    Shapes router;
    SECTION("title alone") {
        router.take_one(router.tap(wa::INTERACTIVE_REPLY_KIND_LIST, "", "A"));
        CHECK(router.asked() == "A");
    }
    SECTION("id alone") {
        router.take_one(router.tap(wa::INTERACTIVE_REPLY_KIND_BUTTON, "row-7", ""));
        CHECK(router.turn_of("wamid.tap") == "silence tap_without_title");
        CHECK(
            router.database.query("SELECT convert_from(tapped, 'UTF8') FROM messages") == "row-7"
        );
        CHECK(router.database.query("SELECT turn FROM conversations") == "ai");
    }
}

TEST_CASE("the caption of media is asked like text, and shown") {
    Shapes router;
    const std::string type = GENERATE("document", "image", "video");
    router.take_one(router.raw("wamid.1", type, "¿a qué hora abren?"));
    CHECK(router.turn_of("wamid.1") == "open");
    CHECK(router.asked() == "¿a qué hora abren?");
    CHECK(router.first_shown().type() == type);
    CHECK(router.first_shown().text() == "¿a qué hora abren?");
    CHECK(
        router.database.query("SELECT convert_from(body, 'UTF8') FROM messages") == R"({"id":"1"})"
    );
}

TEST_CASE("media under a caption without words gets our own sentence") {
    Shapes router;
    router.take_one(router.raw("wamid.1", "image", " \n"));
    CHECK(router.turn_of("wamid.1") == "reply");
}

// Kept aside for that reason, and nothing else: no contact, conversation, window or question.
void check_set_aside(Shapes& router, const std::string& reason) {
    CHECK(router.database.query("SELECT reason FROM set_aside_messages") == reason);
    for (const auto* table : {"contacts", "conversations", "messages", "turns", "outbox"})
        CHECK(router.rows(table) == 0);
    CHECK(router.on_topic(kafka::topics::kAiRequests).empty());
    CHECK(router.on_topic(kafka::topics::kWhatsappOutbound).empty());
    CHECK(router.silences(reason) == 1);
}

TEST_CASE("a group's message touches no private conversation") {
    Shapes router;
    auto message = router.text_message("wamid.group", "¿a qué hora abren?");
    message.set_group_id("Y2Fw");
    SECTION("of somebody unknown") {
        router.take_one(message);
        router.take_one(message);  // and comes again
        check_set_aside(router, "group");
        CHECK(
            router.database.count("SELECT count(*) FROM set_aside_messages WHERE "
                                  "position('Y2Fw'::bytea IN value) > 0") == 1
        );
    }
    SECTION("of a customer, between two messages of theirs") {
        auto other = router.text_message("wamid.2", "gracias");
        router.take_text("wamid.1", "hola");
        const auto before = router.database.query("SELECT c::text FROM conversations c");
        router.clock.advance(1min);
        router.take_one(message);
        CHECK(router.database.query("SELECT c::text FROM conversations c") == before);
        router.take(router.receive_inbound, {Router::record(other)});
        CHECK(router.rows("messages") == 2);
        CHECK(router.database.count("SELECT max(sequence) FROM messages") == 2);
    }
    SECTION("that waited for its number") {
        message.set_phone_number_id("999");
        router.take_one(message);
        router.take(router.update_channels, {router.channel("999", router.tenant, 1)});
        Router::require(router.settle_waiting.run(Deadline::after(5s)));
        check_set_aside(router, "group");
    }
}

TEST_CASE("a system notice about a stranger makes no conversation") {
    Shapes router;
    router.take_one(router.raw("wamid.1", "system"));
    check_set_aside(router, "system");
}

TEST_CASE("a system notice about a customer is stored in silence and moves nothing") {
    Shapes router;
    router.take_text("wamid.1", "hola");
    const std::string moved =
        "SELECT unread || ' ' || window_until || ' ' || last_message_at || turn FROM conversations";
    const auto before = router.database.query(moved);
    router.clock.advance(1h);
    auto notice = router.raw("wamid.2", "system");
    notice.set_profile_name("");
    SECTION("alone") {
        router.take_one(notice);
    }
    SECTION("beside a stranger's, in one batch") {
        auto strangers = router.raw("wamid.3", "system");
        strangers.set_from_phone("573009999999");
        router.take(router.receive_inbound, {Router::record(strangers), Router::record(notice)});
        CHECK(router.rows("set_aside_messages") == 1);
        CHECK(router.rows("contacts") == 1);
    }
    CHECK(router.turn_of("wamid.2") == "silence system");
    CHECK(router.database.query(moved) == before);
}

TEST_CASE("what our own number writes is not answered") {
    Shapes router;
    auto message = router.text_message("wamid.own", "¿a qué hora abren?", "573001112233");
    message.set_display_phone_number("+57 300 111-2233");
    router.take_one(message);
    check_set_aside(router, "own_number");
}

TEST_CASE("what the edge could not make a message of is a dead letter with its reason") {
    Shapes router;
    auto nobodys = router.raw("wamid.1", "unknown");
    nobodys.clear_from_phone();
    nobodys.set_problem("no_sender");
    auto broken = router.raw("", "unknown");
    broken.clear_phone_number_id();
    broken.set_problem("unreadable");
    auto newer = router.raw("wamid.2", "unknown");
    newer.set_problem("a word of a newer edge");
    router.take(
        router.receive_inbound,
        {Router::record(nobodys),
         Router::record(broken),
         Router::record(newer),
         Router::record(router.text_message("wamid.3", "hola"))}
    );
    for (const auto* reason : {"no_sender", "unreadable", "problem"})
        CHECK(router.dead_letter_count("test", reason) == 1);
    CHECK(router.rows("messages") == 1);
    CHECK(router.rows("conversations") == 1);
    CHECK(router.database.count("SELECT count(*) FROM conversations WHERE parked") == 0);
}

TEST_CASE("a text without a word ends in silence and mutes nobody") {
    Shapes router;
    const std::string wordless = GENERATE("👍", "???", "\u200B", ".", " ");
    router.take_text("wamid.1", wordless);
    CHECK(router.turn_of("wamid.1") == "silence wordless");
    CHECK(router.database.query("SELECT turn FROM conversations") == "ai");
    router.take_text("wamid.2", "oi");
    CHECK(router.turn_of("wamid.2") == "open");
    CHECK(router.asked() == "oi");
}

TEST_CASE("what reaches us 15 minutes late goes to people, and the AI answers what comes next") {
    Shapes router;
    std::vector<kafka::Record> late;
    for (const std::string n : {"1", "2", "3", "4", "5"}) {
        const auto phone = "57300" + n;
        late.push_back(Router::record(router.text_message("wamid." + n, "¿abren hoy?", phone)));
        late.push_back(Router::record(router.text_message("wamid.b" + n, "¿hola?", phone)));
    }
    router.clock.advance(15min);
    router.take(router.receive_inbound, late);
    CHECK(router.database.count("SELECT count(*) FROM turns WHERE outcome = 'handover'") == 10);
    CHECK(
        router.database.count("SELECT count(*) FROM conversations WHERE needs_attention AND "
                              "turn = 'ai' AND turn_epoch = 1") == 5
    );
    // Each customer is told once.
    CHECK(
        router.database.count("SELECT count(*) FROM messages WHERE direction = 'out' AND "
                              "provenance = 'system'") == 5
    );
    router.take(
        router.receive_inbound,
        {Router::record(router.text_message("wamid.next", "¿y el sábado?", "573001"))}
    );
    CHECK(router.turn_of("wamid.next") == "open");
    CHECK(router.asked() == "¿y el sábado?");
}

TEST_CASE("a message that comes after its window goes to people, and nothing is sent") {
    Shapes router;
    const auto late = router.text_message("wamid.1", "¿abren hoy?");
    router.clock.advance(25h);
    router.take_one(late);
    CHECK(router.turn_of("wamid.1") == "handover");
    CHECK(router.rows("outbox") == 0);
    CHECK(router.rows("messages") == 1);
}

TEST_CASE("people see what needs attention, until they release it") {
    Shapes router;
    const auto late = router.text_message("wamid.1", "¿abren hoy?");
    router.clock.advance(15min);
    router.take_one(late);
    CHECK(router.shown().needs_attention());
    CHECK(router.shown().turn() == v1::TURN_OWNER_AI);
    v1::ReleaseConversationRequest request;
    request.set_tenant_id(router.tenant.to_string());
    request.set_conversation_id(router.shown().id());
    v1::ReleaseConversationResponse response;
    REQUIRE(router.rpc.ReleaseConversation(&router.context, &request, &response).ok());
    CHECK_FALSE(response.conversation().needs_attention());
    CHECK_FALSE(router.shown().needs_attention());
}

}  // namespace
}  // namespace tecnochat::message_router::testing
