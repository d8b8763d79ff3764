// whatsapp.inbound against a real database: stored once, in order, with one turn each.
#include <array>
#include <catch2/catch.hpp>
#include <set>
#include <thread>

#include "component/fixture.hpp"
#include "tecnochat/kafka/topics.hpp"
#include "tecnochat/testkit/eventually.hpp"

namespace tecnochat::message_router::testing {
namespace {

namespace wa = tecnochat::whatsapp::v1;

std::string gaps(const std::string& conversation) {
    return "SELECT count(*) FROM (SELECT sequence - row_number() OVER (ORDER BY sequence) AS gap FROM messages WHERE "
           "conversation_id = '" +
           conversation + "') s WHERE gap <> 0";
}

TEST_CASE("a question is stored with its contact, conversation and turn, and the AI is asked") {
    Router router;
    router.take_text("wamid.1", "¿a qué hora abren?");

    CHECK(
        router.database.query("SELECT convert_from(body, 'UTF8') FROM messages") ==
        "¿a qué hora abren?"
    );
    CHECK(router.database.query("SELECT convert_from(name, 'UTF8') FROM contacts") == "Ana");
    CHECK(router.database.count("SELECT unread FROM conversations") == 1);
    CHECK(router.database.count("SELECT count(*) FROM turns WHERE outcome IS NULL") == 1);
    const auto requests = router.published(kafka::topics::kAiRequests, 1);
    ai::v1::AiRequest request;
    REQUIRE(request.ParseFromString(requests[0].value));
    CHECK(request.question(0) == "¿a qué hora abren?");
    CHECK(request.turn_epoch() == 1);
    CHECK(requests[0].key == request.conversation_id());
    CHECK(requests[0].event_id() == request.turn_id() + ":1");
    CHECK(requests[0].header("tenantid") == router.tenant.to_string());

    const auto outbound = router.published(kafka::topics::kWhatsappOutbound, 1);
    wa::OutboundCommand command;
    REQUIRE(command.ParseFromString(outbound[0].value));
    CHECK(command.mark_read().message_id() == "wamid.1");
    CHECK(command.mark_read().typing());
    CHECK(testkit::eventually(std::chrono::seconds(10), [&] {
        return router.database.count("SELECT count(*) FROM outbox") == 0;
    }));
}

TEST_CASE("a message that comes again changes nothing") {
    Router router;
    router.take_text("wamid.1", "hola");
    const std::string state =
        "SELECT md5(string_agg(c::text || m::text || t::text, '' ORDER BY m.id)) FROM conversations c, messages m, turns t";
    const auto before = router.database.query(state);

    router.take_text("wamid.1", "hola");
    const auto twice = Router::record(router.text_message("wamid.1", "hola"));
    router.take(router.receive_inbound, {twice, twice});

    CHECK(router.database.query(state) == before);
    CHECK(router.dropped("whatsapp.inbound", "duplicate") == 3);
    CHECK(router.published(kafka::topics::kAiRequests, 1).size() == 1);
}

TEST_CASE("messages of one batch keep their order, each its own turn") {
    Router router;
    std::vector<kafka::Record> batch;
    for (int i = 1; i <= 20; ++i) {
        const auto n = std::to_string(i);
        batch.push_back(Router::record(router.text_message("wamid." + n, n)));
    }
    router.take(router.receive_inbound, batch);
    CHECK(
        router.database.count(
            "SELECT count(*) FROM messages WHERE convert_from(body, 'UTF8') = sequence::text"
        ) == 20
    );
    CHECK(router.database.count("SELECT count(DISTINCT turn_id) FROM messages") == 20);
    CHECK(router.database.count("SELECT count(*) FROM conversations") == 1);
    const auto requests = router.published(kafka::topics::kAiRequests, 20);
    for (std::size_t i = 0; i < requests.size(); ++i) {
        ai::v1::AiRequest request;
        REQUIRE(request.ParseFromString(requests[i].value));
        CHECK(request.question(0) == std::to_string(i + 1));
    }
}

TEST_CASE("what we cannot read is answered with our own sentence, once") {
    Router router;
    auto message = router.text_message("wamid.1", "");
    message.mutable_raw()->set_type("image");
    message.mutable_raw()->set_json(R"({"id":"1"})");
    router.take(router.receive_inbound, {Router::record(message)});

    CHECK(router.database.query("SELECT outcome FROM turns") == "reply");
    CHECK(
        router.database.query(
            "SELECT provenance || status || sequence FROM messages WHERE direction = 'out'"
        ) == "systemqueued2"
    );
    const auto outbound = router.published(kafka::topics::kWhatsappOutbound, 2);
    wa::OutboundCommand command;
    REQUIRE(command.ParseFromString(outbound[1].value));
    CHECK(command.send_text().body() == domain::kUnreadableReply);
    CHECK(command.send_text().to().phone() == "573001112233");
    CHECK(
        command.send_text().send_id() ==
        router.database.query("SELECT id::text FROM messages WHERE direction = 'out'")
    );
}

TEST_CASE("a customer's missing identity is filled in, and stays one contact") {
    Router router;
    auto by_phone = router.text_message("wamid.1", "uno");
    auto both = router.text_message("wamid.2", "dos");
    both.set_from_user_id("CO.1");
    auto by_user_id = router.text_message("wamid.3", "tres", "");
    by_user_id.set_from_user_id("CO.1");
    router.take(router.receive_inbound, {Router::record(by_phone)});
    router.take(router.receive_inbound, {Router::record(both)});
    router.take(router.receive_inbound, {Router::record(by_user_id)});
    CHECK(
        router.database.count(
            "SELECT count(*) FROM contacts WHERE user_id = 'CO.1' AND phone = '573001112233'"
        ) == 1
    );
    CHECK(router.database.count("SELECT count(*) FROM contacts") == 1);
    CHECK(router.database.count("SELECT count(*) FROM conversations") == 1);
}

TEST_CASE("what is unreadable goes to the dead letters, the others go on") {
    Router router;
    auto broken = Router::record(router.text_message("wamid.1", "hola"));
    broken.value = "\xff\xff not protobuf";
    auto nobody = router.text_message("wamid.2", "hola", "");
    router.take(
        router.receive_inbound,
        {broken, Router::record(nobody), Router::record(router.text_message("wamid.3", "hola"))}
    );
    CHECK(router.dead_letter_count("test", "unparsable") == 2);
    CHECK(router.database.count("SELECT count(*) FROM messages") == 1);
}

/// A batch of two messages of a number that nobody has told of, one of a known number and one that
/// cannot be read.
struct UnknownNumber : Router {
    static constexpr const char* kNewNumber = "999";

    UnknownNumber() {
        std::vector<kafka::Record> batch;
        for (const auto* wamid : {"wamid.1", "wamid.2"}) batch.push_back(of_new_number(wamid));
        batch.insert(batch.begin() + 1, record(text_message("wamid.known", "hola")));
        batch.push_back(record(text_message("wamid.broken", "hola")));
        batch.back().value = "\xff\xff not protobuf";
        take(receive_inbound, batch);
    }
    [[nodiscard]] kafka::Record of_new_number(const std::string& wamid) const {
        auto message = text_message(wamid, wamid);
        message.set_phone_number_id(kNewNumber);
        return record(message);
    }
    void settle() { require(settle_waiting.run(Deadline::after(std::chrono::seconds(10)))); }
    std::string stored() {
        return database.query(
            "SELECT string_agg(wamid, ' ' ORDER BY phone_number_id, sequence) "
            "FROM messages JOIN conversations c ON c.id = conversation_id"
        );
    }
    int waiting() {
        return static_cast<int>(database.count("SELECT count(*) FROM waiting_messages"));
    }
};

TEST_CASE("messages of an unknown number wait, and nothing stands still for them") {
    UnknownNumber router;
    CHECK(router.stored() == "wamid.known");
    CHECK(router.waiting() == 2);
    CHECK(router.dead_letter_count("test", "unparsable") == 1);
    router.settle();
    CHECK(router.waiting() == 2);

    SECTION("their channel event settles them in order") {
        const int before = router.woken;
        router.take(
            router.update_channels, {router.channel(UnknownNumber::kNewNumber, router.tenant, 1)}
        );
        CHECK(router.woken == before + 1);
        router.settle();
        CHECK(router.stored() == "wamid.known wamid.1 wamid.2");
        CHECK(router.waiting() == 0);
    }
    SECTION("a later message of the number settles them first") {
        router.take(
            router.update_channels, {router.channel(UnknownNumber::kNewNumber, router.tenant, 1)}
        );
        router.take(router.receive_inbound, {router.of_new_number("wamid.3")});
        CHECK(router.stored() == "wamid.known wamid.1 wamid.2 wamid.3");
        CHECK(router.waiting() == 0);
    }
    SECTION("a disconnected number's are dropped") {
        router.take(
            router.update_channels,
            {router.channel(
                UnknownNumber::kNewNumber, router.tenant, 1, wa::CHANNEL_STATE_DISCONNECTED
            )}
        );
        router.settle();
        CHECK(router.stored() == "wamid.known");
        CHECK(router.waiting() == 0);
    }
}

TEST_CASE("after 15 minutes a waiting message is a dead letter, once, as it came") {
    UnknownNumber router;
    router.clock.advance(kMostWait - Milliseconds(1));
    router.settle();
    CHECK(router.waiting() == 2);
    router.clock.advance(Milliseconds(1));
    router.settle();
    router.settle();
    CHECK(router.waiting() == 0);
    CHECK(router.dead_letter_count("test", "unknown_number") == 2);
    const auto letters = router.published(kafka::topics::kDeadLettersMessageRouter, 3);
    REQUIRE(letters.size() == 3);
    wa::InboundMessage message;
    REQUIRE(message.ParseFromString(letters[1].value));
    CHECK(message.message_id() == "wamid.1");
    CHECK(letters[1].header("dl-reason") == "unknown_number");
    CHECK(letters[1].header("dl-topic") == "test");
}

TEST_CASE("a number whose messages cannot be settled holds up no other and no expiry") {
    UnknownNumber router;
    const std::string later = "9990";  // behind kNewNumber in a pass
    auto message = router.text_message("wamid.later", "hola");
    message.set_phone_number_id(later);
    router.take(router.receive_inbound, {Router::record(message)});
    auto nobodys = router.text_message("wamid.nobodys", "hola");
    nobodys.set_phone_number_id("9991");
    router.take(router.receive_inbound, {Router::record(nobodys)});
    router.database.run(
        "UPDATE waiting_messages SET waiting_since = waiting_since - interval '1 hour' "
        "WHERE phone_number_id = '9991'"
    );
    // The first number's messages cannot be taken now, which is nobody's fault.
    router.database.run(
        std::string("CREATE FUNCTION later() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                    "RAISE EXCEPTION USING ERRCODE = '40001'; END $$; "
                    "CREATE TRIGGER later BEFORE DELETE ON waiting_messages FOR EACH ROW WHEN "
                    "(OLD.phone_number_id = '") +
        UnknownNumber::kNewNumber + "') EXECUTE FUNCTION later()"
    );
    for (const auto& number : {std::string(UnknownNumber::kNewNumber), later})
        router.take(router.update_channels, {router.channel(number, router.tenant, 1)});
    CHECK_FALSE(router.settle_waiting.run(Deadline::after(std::chrono::seconds(10))));
    CHECK(router.stored() == "wamid.known wamid.later");
    CHECK(router.waiting() == 2);
    CHECK(router.dead_letter_count("test", "unknown_number") == 1);
}

TEST_CASE("a waiting message whose headers cannot be read holds up nobody, and goes on without") {
    UnknownNumber router;
    router.database.run(
        "UPDATE waiting_messages SET headers = '{}' WHERE id = "
        "(SELECT min(id) FROM waiting_messages)"
    );
    SECTION("it is settled as the others are") {
        router.take(
            router.update_channels, {router.channel(UnknownNumber::kNewNumber, router.tenant, 1)}
        );
        router.settle();
        CHECK(router.stored() == "wamid.known wamid.1 wamid.2");
    }
    SECTION("it expires as the others do") {
        router.clock.advance(kMostWait);
        router.settle();
        CHECK(router.dead_letter_count("test", "unknown_number") == 2);
    }
    CHECK(router.waiting() == 0);
}

TEST_CASE("a waiting message that cannot be stored is a dead letter, its conversation parked") {
    UnknownNumber router;
    SECTION("the database refuses it") {
        // Stored already, and its inbox row is lost: it meets the unique wamid.
        router.take_text("wamid.1", "hola");
        router.database.run("DELETE FROM inbox");
        router.take(
            router.update_channels, {router.channel(UnknownNumber::kNewNumber, router.tenant, 1)}
        );
        router.settle();
        CHECK(router.stored() == "wamid.known wamid.1 wamid.2");
        CHECK(
            router.database.query("SELECT string_agg(phone_number_id, ' ') FROM conversations "
                                  "WHERE parked") == UnknownNumber::kNewNumber
        );
        CHECK(
            router.database.query("SELECT t.reason FROM messages m JOIN turns t ON t.id = "
                                  "m.turn_id WHERE m.wamid = 'wamid.2'") == "parked"
        );
        CHECK(router.dead_letter_count("test", "failed") == 1);
    }
    SECTION("its conversation is in a word that nobody knows") {
        // A fault that the database does not see.
        router.database.run(
            "ALTER TABLE conversations DROP CONSTRAINT conversations_turn_check;"
            "UPDATE conversations SET turn = 'flow', phone_number_id = '999'"
        );
        router.take(
            router.update_channels, {router.channel(UnknownNumber::kNewNumber, router.tenant, 1)}
        );
        router.settle();
        CHECK(router.stored() == "wamid.known");
        CHECK(router.dead_letter_count("test", "failed") == 2);
    }
    CHECK(router.waiting() == 0);
}

TEST_CASE("a number has room for 100 waiting messages, the rest are dead letters") {
    UnknownNumber router;
    std::vector<kafka::Record> batch;
    for (int i = 0; i < 100; ++i)
        batch.push_back(router.of_new_number("wamid.more." + std::to_string(i)));
    router.take(router.receive_inbound, batch);
    CHECK(router.waiting() == kMostWaitingOfNumber);
    CHECK(router.dead_letter_count("test", "waiting_full") == 2);
}

TEST_CASE("a record that is read again waits once") {
    UnknownNumber router;
    const auto record = router.of_new_number("wamid.twice");
    router.take(router.receive_inbound, {record});
    router.take(router.receive_inbound, {record});
    CHECK(router.waiting() == 3);
}

TEST_CASE("what memory says of a number is confirmed in the transaction that stores") {
    Router router;
    SECTION("disconnected a moment ago: nothing is stored") {
        router.database.run("UPDATE channels SET state = 'disconnected', epoch = 9");
        router.take_text("wamid.1", "hola");
        CHECK(router.database.count("SELECT count(*) FROM messages") == 0);
        CHECK(router.dropped("whatsapp.inbound", "disconnected") == 1);
    }
    SECTION("another tenant's by now: stored there") {
        router.database.run(
            "UPDATE channels SET epoch = 9, tenant_id = '" + router.other_tenant.to_string() +
            "' WHERE phone_number_id = '" + kNumber + "'"
        );
        router.take_text("wamid.1", "hola");
        CHECK(
            router.database.query("SELECT tenant_id::text FROM messages") ==
            router.other_tenant.to_string()
        );
    }
}

TEST_CASE("who writes after erasure is a new contact, and the old one names nobody") {
    Router router;
    router.take_text("wamid.1", "hola");
    const auto old = router.database.query("SELECT id::text FROM contacts");
    router.keys.erase({router.tenant, *ContactId::parse(old)});
    router.take_text("wamid.2", "hola");
    CHECK(router.database.count("SELECT count(*) FROM contacts") == 2);
    CHECK(router.database.count("SELECT count(*) FROM conversations") == 2);
    CHECK(
        router.database.count(
            "SELECT count(*) FROM contacts WHERE erased_at IS NOT NULL AND phone IS NULL AND name = '' AND id = '" +
            old + "'"
        ) == 1
    );
}

TEST_CASE("a disconnected number's messages leave no trace") {
    Router router;
    router.take(
        router.update_channels,
        {router.channel(kNumber, router.tenant, 2, wa::CHANNEL_STATE_DISCONNECTED)}
    );
    router.take_text("wamid.1", "hola");
    CHECK(router.dropped("whatsapp.inbound", "disconnected") == 1);
    CHECK(router.database.count("SELECT count(*) FROM messages") == 0);
    CHECK(router.database.count("SELECT count(*) FROM inbox") == 0);

    SECTION("an older event does not revive it") {
        router.take(router.update_channels, {router.channel(kNumber, router.tenant, 1)});
        router.take_text("wamid.2", "hola");
        CHECK(router.database.count("SELECT count(*) FROM messages") == 0);
    }
    SECTION("a newer one does") {
        router.take(router.update_channels, {router.channel(kNumber, router.tenant, 3)});
        router.take_text("wamid.2", "hola");
        CHECK(router.database.count("SELECT count(*) FROM messages") == 1);
    }
}

TEST_CASE("a poison message is a dead letter, its conversation parked, the others go on") {
    Router router;
    // Goal: an item the database refuses for good. A message that lost its inbox row meets the
    // unique wamid.
    router.take_text("wamid.poison", "hola");
    router.database.run("DELETE FROM inbox");
    std::vector<kafka::Record> batch;
    for (int i = 0; i < 8; ++i) {
        batch.push_back(Router::record(router.text_message(
            "wamid." + std::to_string(i), "hola", "57300000" + std::to_string(i)
        )));
    }
    batch.insert(batch.begin() + 5, Router::record(router.text_message("wamid.poison", "hola")));
    batch.push_back(Router::record(router.text_message("wamid.later", "¿siguen ahí?")));
    router.take(router.receive_inbound, batch);

    CHECK(router.dead_letter_count("test", "failed") == 1);
    CHECK(router.database.count("SELECT count(*) FROM messages") == 10);
    CHECK(router.database.count("SELECT count(*) FROM conversations WHERE parked") == 1);
    CHECK(
        router.database.query(
            "SELECT t.reason FROM messages m JOIN turns t ON t.id = m.turn_id WHERE m.wamid = 'wamid.later'"
        ) == "parked"
    );
    CHECK(router.database.count("SELECT count(*) FROM turns WHERE outcome IS NULL") == 9);
}

TEST_CASE("while PostgreSQL is away faulty records make no letter, and one each afterwards") {
    Router router;
    // One that the database refuses, two that cannot be read, a good one.
    router.take_text("wamid.poison", "hola");
    router.database.run("DELETE FROM inbox");
    std::vector<kafka::Record> batch;
    for (const auto* wamid : {"wamid.odd.1", "wamid.poison", "wamid.odd.2", "wamid.good"})
        batch.push_back(Router::record(router.text_message(wamid, "hola")));
    for (const auto place : {0U, 2U}) batch[place].value = "\xff\xff not protobuf";
    router.database.go_away();
    for (int tries = 0; tries < 5; ++tries) {
        const auto failed = router.receive_inbound(batch);
        REQUIRE_FALSE(failed);
        CHECK(is_retryable(failed.error()));
    }
    CHECK(router.on_topic(kafka::topics::kDeadLettersMessageRouter).empty());
    router.database.come_back();
    REQUIRE(testkit::eventually(std::chrono::seconds(30), [&] {
        return router.receive_inbound(batch).has_value();
    }));
    CHECK(router.database.count("SELECT count(*) FROM messages") == 2);
    std::multiset<std::string> letters;
    for (const auto& letter : router.on_topic(kafka::topics::kDeadLettersMessageRouter))
        letters.insert(std::string(letter.header("dl-offset")));
    std::multiset<std::string> faulty;
    for (const auto place : {0U, 1U, 2U}) faulty.insert(std::to_string(batch[place].offset));
    CHECK(letters == faulty);
}

TEST_CASE("a fault of ours stops the service instead of emptying the topic") {
    Router router;
    router.database.run("REVOKE INSERT ON turns FROM \"message-router\"");
    const std::vector<kafka::Record> batch{
        Router::record(router.text_message("wamid.1", "uno")),
        Router::record(router.text_message("wamid.2", "dos"))
    };
    const auto refused = router.receive_inbound(batch);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::kPermissionDenied);
    CHECK(router.dead_letter_count("test", "failed") == 0);
    CHECK(router.database.count("SELECT count(*) FROM inbox") == 0);

    router.database.run("GRANT INSERT ON turns TO \"message-router\"");
    router.take(router.receive_inbound, batch);
    CHECK(router.database.count("SELECT count(*) FROM messages") == 2);
}

TEST_CASE("two threads on one conversation keep its sequence without gaps") {
    Router router;
    constexpr int kBatches = 20;
    constexpr int kPerBatch = 5;
    const auto work = [&](const std::string& name) {
        const auto receive = inbound_handler(router.runtime, router.receive_inbound_use_case);
        for (int b = 0; b < kBatches; ++b) {
            std::vector<kafka::Record> batch;
            for (int i = 0; i < kPerBatch; ++i) {
                const auto id = name + std::to_string(b) + "." + std::to_string(i);
                batch.push_back(Router::record(router.text_message("wamid." + id, id)));
            }
            // As the consumer does: the same batch again after a retryable failure.
            Status status = receive(batch);
            for (int attempt = 0; !status && is_retryable(status.error()) && attempt < 10;
                 ++attempt)
                status = receive(batch);
            if (!status) return false;
        }
        return true;
    };
    std::array<bool, 2> done{};
    {
        std::jthread one([&] { done[0] = work("a"); });
        std::jthread two([&] { done[1] = work("b"); });
    }
    CHECK(done[0]);
    CHECK(done[1]);
    CHECK(router.database.count("SELECT count(*) FROM messages") == 2 * kBatches * kPerBatch);
    CHECK(router.database.count("SELECT count(*) FROM conversations") == 1);
    CHECK(
        router.database.query(gaps(router.database.query("SELECT id::text FROM conversations"))) ==
        "0"
    );
    CHECK(
        router.database.count("SELECT next_sequence FROM conversations") ==
        2 * kBatches * kPerBatch + 1
    );
}

}  // namespace
}  // namespace tecnochat::message_router::testing
