// whatsapp.sent and whatsapp.status against a real database.
#include <algorithm>
#include <catch2/catch.hpp>

#include "component/fixture.hpp"

namespace tecnochat::message_router::testing {
namespace {

namespace wa = tecnochat::whatsapp::v1;

struct Sent : Router {
    std::string message;

    Sent() {
        take_text("wamid.in", "hola");
        take(accept_replies, {record(reply_to("wamid.in", "¡Hola!"))});
        message = database.query("SELECT id::text FROM messages WHERE direction = 'out'");
    }
    kafka::Record update(wa::SendState state, const std::string& wamid = "wamid.out") const {
        wa::SendUpdate update;
        update.set_send_id(message);
        update.set_phone_number_id(kNumber);
        update.set_state(state);
        update.set_message_id(wamid);
        return record(update);
    }
    kafka::Record status_of(wa::DeliveryStatus delivery, bool with_opaque = true) const {
        wa::MessageStatus event;
        event.set_phone_number_id(kNumber);
        event.set_message_id("wamid.out");
        event.set_status(delivery);
        if (with_opaque) event.set_opaque(opaque.encode({MessageId::parse(message).value(), 1}));
        if (delivery == wa::DELIVERY_STATUS_FAILED) event.add_errors()->set_code(131026);
        return record(event);
    }
    std::string state() {
        return database.query(
            "SELECT status || coalesce(' ' || wamid, '') || CASE WHEN error_code <> 0 THEN ' ' || error_code ELSE '' END "
            "FROM messages WHERE direction = 'out'"
        );
    }
};

TEST_CASE("statuses in any order, one by one or together, end at the furthest") {
    Sent router;
    std::vector<kafka::Record> statuses{
        router.status_of(wa::DELIVERY_STATUS_SENT),
        router.status_of(wa::DELIVERY_STATUS_DELIVERED),
        router.status_of(wa::DELIVERY_STATUS_READ)
    };
    std::vector<std::size_t> order{0, 1, 2};
    do {
        router.database.run("UPDATE messages SET status = 'queued' WHERE direction = 'out'");
        router.take(router.status, {statuses[order[0]], statuses[order[1]], statuses[order[2]]});
        CHECK(router.state() == "read wamid.out");

        router.database.run("UPDATE messages SET status = 'queued' WHERE direction = 'out'");
        for (const auto place : order) router.take(router.status, {statuses[place]});
        router.take(router.sent, {router.update(wa::SEND_STATE_ACCEPTED)});
        CHECK(router.state() == "read wamid.out");
    } while (std::next_permutation(order.begin(), order.end()));
}

TEST_CASE("the connector's updates move the message") {
    Sent router;
    CHECK(router.state() == "queued");
    router.take(router.sent, {router.update(wa::SEND_STATE_IN_DOUBT, "")});
    CHECK(router.state() == "sending");
    router.take(router.sent, {router.update(wa::SEND_STATE_UNKNOWN, "")});
    CHECK(router.state() == "unknown");
    router.take(router.status, {router.status_of(wa::DELIVERY_STATUS_SENT)});
    CHECK(router.state() == "sent wamid.out");
    router.take(router.sent, {router.update(wa::SEND_STATE_SENT, "wamid.other")});
    CHECK(router.state() == "sent wamid.out");
}

TEST_CASE("a failure keeps its reason") {
    Sent router;
    SECTION("Meta's code") {
        router.take(router.status, {router.status_of(wa::DELIVERY_STATUS_FAILED)});
        CHECK(router.state() == "failed wamid.out 131026");
        router.take(router.status, {router.status_of(wa::DELIVERY_STATUS_DELIVERED)});
        CHECK(router.state() == "failed wamid.out 131026");
    }
    SECTION("our own, negative") {
        const auto failure =
            GENERATE(wa::SEND_FAILURE_WINDOW_CLOSED, wa::SEND_FAILURE_CONTENT_UNREADABLE);
        wa::SendUpdate update;
        update.set_send_id(router.message);
        update.set_phone_number_id(kNumber);
        update.set_state(wa::SEND_STATE_FAILED);
        update.set_failure(failure);
        router.take(router.sent, {Router::record(update)});
        CHECK(router.state() == "failed -" + std::to_string(failure));
    }
}

TEST_CASE("a status without our value is found by Meta's id") {
    Sent router;
    router.take(router.status, {router.status_of(wa::DELIVERY_STATUS_DELIVERED, false)});
    CHECK(router.dropped("whatsapp.status", "unknown_message") == 1);
    router.take(router.sent, {router.update(wa::SEND_STATE_ACCEPTED)});
    router.take(router.status, {router.status_of(wa::DELIVERY_STATUS_DELIVERED, false)});
    CHECK(router.state() == "delivered wamid.out");
}

TEST_CASE("a report whose Meta id is another send's is a dead letter, the rest goes on") {
    Sent router;
    router.take(router.sent, {router.update(wa::SEND_STATE_ACCEPTED, "wamid.out")});
    const auto first_sent = router.update(wa::SEND_STATE_SENT, "");
    router.take_text("wamid.2", "¿y mañana?");
    router.take(router.accept_replies, {Router::record(router.reply_to("wamid.2", "También."))});
    router.message = router.database.query(
        "SELECT id::text FROM messages WHERE direction = 'out' AND wamid IS NULL"
    );
    router.take(router.sent, {router.update(wa::SEND_STATE_ACCEPTED, "wamid.out"), first_sent});
    CHECK(router.dead_letter_count("test", "failed") == 1);
    CHECK(router.database.count("SELECT count(*) FROM messages WHERE status = 'sent'") == 1);
}

TEST_CASE("a customer's message under the id of one of our own is theirs, and ours stays ours") {
    Sent router;
    router.take(router.sent, {router.update(wa::SEND_STATE_SENT)});
    router.take_text("wamid.out", "¿y mañana?");
    CHECK(router.dead_letter_count("test", "failed") == 0);
    CHECK(router.database.count("SELECT count(*) FROM conversations WHERE parked") == 0);
    router.take(router.accept_replies, {Router::record(router.reply_to("wamid.out", "También."))});
    CHECK(router.database.count("SELECT count(*) FROM messages WHERE direction = 'out'") == 2);

    // A status without our value means ours; and our next id may be one of theirs.
    router.take(router.status, {router.status_of(wa::DELIVERY_STATUS_DELIVERED, false)});
    CHECK(
        router.database.query("SELECT string_agg(direction || status, ' ' ORDER BY direction) FROM "
                              "messages WHERE wamid = 'wamid.out'") == "inreceived outdelivered"
    );
    router.message = router.database.query(
        "SELECT id::text FROM messages WHERE direction = 'out' AND wamid IS NULL"
    );
    router.take(router.sent, {router.update(wa::SEND_STATE_ACCEPTED, "wamid.in")});
    CHECK(router.database.count("SELECT count(*) FROM messages WHERE status = 'sending'") == 1);
}

TEST_CASE("another tenant's report cannot reach the message") {
    Sent router;
    wa::SendUpdate update;
    update.set_send_id(router.message);
    update.set_phone_number_id(kOtherNumber);
    update.set_state(wa::SEND_STATE_SENT);
    router.take(router.sent, {Router::record(update)});
    CHECK(router.state() == "queued");
    CHECK(router.dropped("whatsapp.sent", "unknown_message") == 1);
}

}  // namespace
}  // namespace tecnochat::message_router::testing
