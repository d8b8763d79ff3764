// One number, person, word or turn that is wrong stops nothing else.
#include <grpcpp/server_context.h>

#include <catch2/catch.hpp>

#include "component/fixture.hpp"
#include "rpc/conversations_rpc.hpp"
#include "tecnochat/sealing/testing/faulty_sealer.hpp"
#include "use_cases/end_overdue_turns.hpp"

namespace tecnochat::message_router::testing {
namespace {

using namespace std::chrono_literals;
namespace v1 = tecnochat::conversations::v1;
namespace wa = tecnochat::whatsapp::v1;

struct Scene : Router {
    ConversationsRpc rpc{read, release};
    grpc::ServerContext context;

    void take_from(const std::string& wamid, const std::string& phone) {
        take(receive_inbound, {record(text_message(wamid, "hola", phone))});
    }
    void erase(const std::string& phone) {
        const auto id =
            database.query("SELECT id::text FROM contacts WHERE phone = '" + phone + "'");
        keys.erase({tenant, ContactId::parse(id).value()});
    }
    v1::ListConversationsResponse list() {
        v1::ListConversationsRequest request;
        request.set_tenant_id(tenant.to_string());
        v1::ListConversationsResponse response;
        REQUIRE(rpc.ListConversations(&context, &request, &response).ok());
        return response;
    }
    v1::ListMessagesResponse messages_of(const std::string& conversation) {
        v1::ListMessagesRequest request;
        request.set_tenant_id(tenant.to_string());
        request.set_conversation_id(conversation);
        v1::ListMessagesResponse response;
        REQUIRE(rpc.ListMessages(&context, &request, &response).ok());
        return response;
    }
    /// Words of a newer version's schema.
    void allow_new_words(const std::string& table) {
        database.run(
            "DO $$ DECLARE c text; BEGIN FOR c IN SELECT conname FROM pg_constraint WHERE "
            "conrelid = '" +
            table + "'::regclass AND contype = 'c' LOOP EXECUTE format('ALTER TABLE " + table +
            " DROP CONSTRAINT %I', c); END LOOP; END $$"
        );
    }
    std::int64_t answers() {
        return database.count("SELECT count(*) FROM messages WHERE direction = 'out'");
    }
    std::int64_t parked() {
        return database.count("SELECT count(*) FROM conversations WHERE parked");
    }
};

TEST_CASE("a reply for a number that memory still has as connected stores nothing") {
    Scene scene;
    scene.take_from("wamid.1", "573001");
    const auto reply = Router::record(scene.reply_to("wamid.1", "¡Hola!"));
    SECTION("disconnected") {
        scene.database.run("UPDATE channels SET state = 'disconnected', epoch = 9");
        scene.take(scene.accept_replies, {reply});
        CHECK(scene.dropped("ai.replies", "disconnected") == 1);
    }
    SECTION("another tenant's") {
        scene.database.run(
            "UPDATE channels SET epoch = 9, tenant_id = '" + scene.other_tenant.to_string() + "'"
        );
        scene.take(scene.accept_replies, {reply});
        CHECK(scene.dropped("ai.replies", "channel_changed") == 1);
    }
    CHECK(scene.answers() == 0);
    CHECK(scene.parked() == 0);
}

TEST_CASE("a reply for an erased person is dropped, the others are stored, nothing parks") {
    Scene scene;
    scene.take_from("wamid.1", "573001");
    scene.take_from("wamid.2", "573002");
    const auto first = Router::record(scene.reply_to("wamid.1", "¡Hola!"));
    const auto second = Router::record(scene.reply_to("wamid.2", "¡Hola!"));
    scene.erase("573001");
    scene.take(scene.accept_replies, {first, second});
    CHECK(scene.dropped("ai.replies", "person_erased") == 1);
    CHECK(scene.answers() == 1);
    CHECK(scene.parked() == 0);
    CHECK(scene.dead_letter_count("test", "failed") == 0);

    // Nor does the turn stay open for good: it ends without words.
    scene.clock.advance(11min);
    EndOverdueTurns overdue{scene.reach, scene.outbox, scene.router_metrics, scene.clock, 10min};
    Router::require(overdue.run());
    CHECK(scene.database.count("SELECT count(*) FROM turns WHERE outcome IS NULL") == 0);
    CHECK(scene.answers() == 1);
}

TEST_CASE("an erased person is shown as erased and fails no page") {
    Scene scene;
    scene.take_from("wamid.1", "573001");
    scene.take_from("wamid.2", "573002");
    scene.erase("573001");
    const auto page = scene.list();
    REQUIRE(page.conversations_size() == 2);
    int erased = 0;
    for (const auto& conversation : page.conversations()) {
        const auto& contact = conversation.contact();
        const auto messages = scene.messages_of(conversation.id());
        REQUIRE(messages.messages_size() == 1);
        CHECK(messages.messages(0).erased() == contact.erased());
        CHECK(messages.messages(0).text() == (contact.erased() ? "" : "hola"));
        CHECK(contact.name() == (contact.erased() ? "" : "Ana"));
        CHECK(contact.phone() == (contact.erased() ? "" : "573002"));
        erased += contact.erased() ? 1 : 0;
    }
    CHECK(erased == 1);
}

TEST_CASE("words that a newer version wrote fail no page and abort nothing") {
    Scene scene;
    scene.take_from("wamid.1", "573001");
    scene.take_from("wamid.2", "573002");
    for (const auto* table : {"messages", "turns", "conversations"}) scene.allow_new_words(table);
    scene.database.run("UPDATE messages SET provenance = 'robot' WHERE wamid = 'wamid.1'");
    scene.database.run("UPDATE messages SET direction = 'sideways' WHERE wamid = 'wamid.2'");
    scene.database.run("UPDATE turns SET outcome = 'transfer', closed_at = now()");
    scene.database.run("UPDATE conversations SET turn = 'flow'");
    const auto page = scene.list();
    REQUIRE(page.conversations_size() == 2);
    CHECK(page.conversations(0).turn() == v1::TURN_OWNER_UNSPECIFIED);
    for (const auto& conversation : page.conversations())
        CHECK(scene.messages_of(conversation.id()).messages(0).text() == "hola");
}

TEST_CASE("a status word that nobody knows makes one dead letter, the rest is applied") {
    Scene scene;
    for (const std::string n : {"1", "2"}) {
        scene.take_from("wamid." + n, "57300" + n);
        scene.take(scene.accept_replies, {Router::record(scene.reply_to("wamid." + n, "¡Hola!"))});
    }
    scene.allow_new_words("messages");
    const auto update = [&](const std::string& phone) {
        wa::SendUpdate sent;
        sent.set_send_id(scene.database.query(
            "SELECT m.id::text FROM messages m JOIN conversations c ON c.id = m.conversation_id "
            "JOIN contacts p ON p.id = c.contact_id WHERE direction = 'out' AND phone = '" +
            phone + "'"
        ));
        sent.set_phone_number_id(kNumber);
        sent.set_state(wa::SEND_STATE_SENT);
        return sent;
    };
    const auto odd = update("573001");
    scene.database.run("UPDATE messages SET status = 'boosted' WHERE id = '" + odd.send_id() + "'");
    scene.take(scene.sent, {Router::record(odd), Router::record(update("573002"))});
    CHECK(scene.dead_letter_count("test", "failed") == 1);
    CHECK(scene.database.count("SELECT count(*) FROM messages WHERE status = 'sent'") == 1);
}

TEST_CASE("a conversation in a word that nobody knows refuses its message, the others go on") {
    Scene scene;
    scene.take_from("wamid.1", "573001");
    scene.take_from("wamid.2", "573002");
    scene.allow_new_words("conversations");
    scene.database.run(
        "UPDATE conversations SET turn = 'flow' WHERE id = (SELECT conversation_id FROM messages "
        "WHERE wamid = 'wamid.1')"
    );
    scene.take(
        scene.receive_inbound,
        {Router::record(scene.text_message("wamid.3", "hola", "573001")),
         Router::record(scene.text_message("wamid.4", "hola", "573002"))}
    );
    CHECK(scene.dead_letter_count("test", "failed") == 1);
    CHECK(scene.database.count("SELECT count(*) FROM messages") == 3);
    CHECK(scene.database.count("SELECT count(*) FROM messages WHERE wamid = 'wamid.4'") == 1);
}

TEST_CASE("messages are sealed by the vault: an erased person's next one is a new contact's") {
    Scene scene;
    sealing::testing::FaultySealer vault{scene.clock};
    ReceiveInbound use_case{
        {scene.pool, scene.directory, vault, scene.outbox, scene.router_metrics, scene.clock}, 10min
    };
    use_case.settle_with(scene.settle_waiting);
    auto receive = inbound_handler(scene.runtime, use_case);
    const auto message = [&](const std::string& wamid, const std::string& phone) {
        return Router::record(scene.text_message(wamid, "hola", phone));
    };
    scene.take(receive, {message("wamid.1", "573001"), message("wamid.2", "573002")});
    CHECK(scene.database.count("SELECT count(*) FROM messages WHERE body = 'hola'") == 0);
    const auto old = scene.database.query("SELECT id::text FROM contacts WHERE phone = '573001'");
    vault.erase({scene.tenant, ContactId::parse(old).value()});

    const std::vector<kafka::Record> batch{
        message("wamid.3", "573001"), message("wamid.4", "573002")
    };
    SECTION("away: the batch is tried again, nothing is stored or refused") {
        vault.go_away();
        const auto failed = receive(batch);
        REQUIRE_FALSE(failed);
        CHECK(is_retryable(failed.error()));
        CHECK(scene.database.count("SELECT count(*) FROM messages") == 2);
        vault.come_back();
    }
    scene.take(receive, batch);
    CHECK(scene.database.count("SELECT count(*) FROM messages") == 4);
    CHECK(scene.database.count("SELECT count(*) FROM contacts") == 3);
    CHECK(
        scene.database.count(
            "SELECT count(*) FROM contacts WHERE erased_at IS NOT NULL AND phone IS NULL AND id = '" +
            old + "'"
        ) == 1
    );
    CHECK(scene.dead_letter_count("test", "failed") == 0);
    CHECK(scene.parked() == 0);
}

TEST_CASE("more turns than a page that cannot be ended hold up no other") {
    Scene scene;
    std::vector<kafka::Record> records;
    for (int i = 0; i < 510; ++i) {
        const auto n = std::to_string(1000 + i);
        records.push_back(Router::record(scene.text_message("wamid." + n, "hola", "57300" + n)));
    }
    scene.take(scene.receive_inbound, records);
    // Their answer's place is taken: storing one breaks a unique key.
    scene.database.run(
        "INSERT INTO messages (tenant_id, id, conversation_id, sequence, direction, provenance, "
        "type, body, status, turn_id, created_at) SELECT tenant_id, gen_random_uuid(), "
        "conversation_id, 99, 'out', 'ai', 'text', '', 'sent', turn_id, now() FROM messages"
    );
    scene.clock.advance(1s);
    scene.take_from("wamid.last", "573999");
    scene.clock.advance(11min);
    EndOverdueTurns overdue{scene.reach, scene.outbox, scene.router_metrics, scene.clock, 10min};
    Router::require(overdue.run());
    CHECK(
        scene.database.query(
            "SELECT t.outcome FROM messages m JOIN turns t ON t.id = m.turn_id WHERE m.wamid = "
            "'wamid.last'"
        ) == "handover"
    );
    CHECK(scene.database.count("SELECT count(*) FROM turns WHERE outcome IS NULL") == 510);

    // They are tried again, but not at once.
    scene.database.run("DELETE FROM messages WHERE sequence = 99");
    Router::require(overdue.run());
    CHECK(scene.database.count("SELECT count(*) FROM turns WHERE outcome IS NULL") == 510);
    scene.clock.advance(30s);
    Router::require(overdue.run());
    CHECK(scene.database.count("SELECT count(*) FROM turns WHERE outcome IS NULL") == 0);
}

}  // namespace
}  // namespace tecnochat::message_router::testing
