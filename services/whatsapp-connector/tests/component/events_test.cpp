// Goal: what comes from Kafka is stored once or a dead letter with a reason, and one bad record
// never holds up the others. Method: the handlers on a real PostgreSQL
// (TECNOCHAT_TEST_POSTGRES_URL) and a broker inside this process.
#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <limits>

#include "component/fakes.hpp"
#include "component/fixture.hpp"
#include "consumers.hpp"
#include "events/send_updates.hpp"
#include "store/send_content.hpp"
#include "tecnochat/kafka/topics.hpp"
#include "tecnochat/sealing/plain_sealer.hpp"
#include "tecnochat/sealing/testing/faulty_sealer.hpp"
#include "tecnochat/testkit/eventually.hpp"
#include "use_cases/register_channel.hpp"

namespace tecnochat::whatsapp_connector::testing {
namespace {

using namespace std::chrono_literals;
using google::protobuf::util::TimeUtil;
namespace wa = whatsapp::v1;

/// At a place of its own: the dead letters take each record once.
kafka::Record arrived(const google::protobuf::MessageLite& message) {
    static std::int64_t next_offset = 100;
    kafka::Record record;
    record.topic = "some.topic";
    record.offset = next_offset++;
    record.value = message.SerializeAsString();
    return record;
}

kafka::Record garbage(std::int64_t offset) {
    kafka::Record record;
    record.topic = "some.topic";
    record.offset = offset;
    record.value = "\xFF\xFF";
    return record;
}

struct Handlers : PublishingFixture {
    ~Handlers() { receipts.stop(soon()); }

    [[nodiscard]] wa::OutboundCommand command(int n) const {
        wa::OutboundCommand command;
        command.set_phone_number_id(kNumber);
        command.set_conversation_id(conversation(n).to_string());
        command.set_contact_id(conversation(n).to_string());
        auto& text = *command.mutable_send_text();
        text.set_send_id(message(n).to_string());
        text.mutable_to()->set_phone("573001112233");
        text.set_body("hola");
        *text.mutable_window_until() =
            TimeUtil::MillisecondsToTimestamp(to_unix_ms(clock.now() + 1h));
        return command;
    }
    [[nodiscard]] wa::MessageStatus status(int n, wa::DeliveryStatus state) const {
        wa::MessageStatus status;
        status.set_phone_number_id(kNumber);
        status.set_message_id("wamid." + std::to_string(n));
        status.set_status(state);
        status.set_opaque(opaque.encode({message(n), 1}));
        *status.mutable_occurred_at() = TimeUtil::MillisecondsToTimestamp(to_unix_ms(clock.now()));
        return status;
    }
    std::string count_sends() { return database.query("SELECT count(*) FROM sends"); }
    std::vector<std::string> dead_letter_headers(std::string_view name, std::size_t count) {
        std::vector<std::string> values;
        for (const auto& record :
             read_topic(cluster, kafka::topics::kDeadLettersWhatsappConnector, count))
            values.emplace_back(record.header(name));
        return values;
    }
    std::vector<std::string> dead_letter_reasons(std::size_t count) {
        return dead_letter_headers("dl-reason", count);
    }
    /// From now on the database refuses sends of which `condition` does not hold.
    void refuse_sends_unless(const std::string& condition) {
        database.run("ALTER TABLE sends ADD CONSTRAINT refused CHECK (" + condition + ")");
    }
    /// The number's watermark in Unix milliseconds.
    std::int64_t watermark() {
        return database.count(
            "SELECT floor(extract(epoch FROM latest) * 1000)::bigint FROM status_watermarks"
        );
    }

    FakeGraph graph;
    whatsapp::OpaqueCodec opaque{"test ingest key"};
    kafka::DeadLetters dead_letters{
        producer, std::string(kafka::topics::kDeadLettersWhatsappConnector), metrics
    };
    ReadReceipts receipts{graph, clock, metrics};
    int woken = 0;
    StoreOutbound store{directory, sends, sealer, receipts, [this](const auto&) { ++woken; }};
    ApplyStatuses apply{sends, clock, [this](const auto&) { ++woken; }};
    pipeline::Runtime runtime{&pool, &outbox, nullptr, dead_letters, metrics};
    kafka::Consumer::Handler outbound = store_outbound(runtime, directory, store);
    kafka::Consumer::Handler statuses = apply_statuses(runtime, directory, opaque, apply);
};

}  // namespace

TEST_CASE("a batch of texts is stored in its order, and a second delivery changes nothing") {
    Handlers h;
    const std::vector<kafka::Record> batch{arrived(h.command(1)), arrived(h.command(2))};
    REQUIRE(h.outbound(batch));
    REQUIRE(h.outbound(batch));
    CHECK(h.count_sends() == "2");
    CHECK(h.woken == 2);
    const auto claimed = h.claim();
    REQUIRE(claimed.size() == 2);
    CHECK(claimed.front().id == message(1));
    CHECK(claimed.front().tenant == h.tenant);
    CHECK(claimed.front().recipient.phone == "573001112233");
}

TEST_CASE("records nobody can act on are dead letters with a reason, the rest is stored") {
    Handlers h;
    auto unknown_number = h.command(2);
    unknown_number.set_phone_number_id("999");
    auto no_recipient = h.command(3);
    no_recipient.mutable_send_text()->clear_to();
    auto no_text = h.command(4);
    no_text.mutable_send_text()->set_body("");
    auto bad_id = h.command(5);
    bad_id.mutable_send_text()->set_send_id("7");
    auto nothing = h.command(6);
    nothing.clear_command();
    REQUIRE(h.outbound(std::vector<kafka::Record>{
        garbage(0),
        arrived(unknown_number),
        arrived(no_recipient),
        arrived(no_text),
        arrived(h.command(1)),
        arrived(bad_id),
        arrived(nothing),
    }));
    CHECK(h.count_sends() == "1");
    CHECK(h.state(1) == "queued");
    CHECK(
        h.dead_letter_reasons(6) ==
        std::vector<std::string>{
            "unparsable", "unknown_number", "invalid", "invalid", "invalid", "invalid"
        }
    );
}

TEST_CASE("a text the database refuses is a dead letter alone") {
    Handlers h;
    h.refuse_sends_unless("id <> '" + message(2).to_string() + "'");
    REQUIRE(h.outbound(std::vector<kafka::Record>{
        arrived(h.command(1)), arrived(h.command(2)), arrived(h.command(3))
    }));
    CHECK(h.count_sends() == "2");
    CHECK(h.dead_letter_reasons(1) == std::vector<std::string>{"failed"});
}

TEST_CASE("what is ours to mend stops the batch and sets nothing aside") {
    Handlers h;
    h.database.run("REVOKE INSERT ON sends FROM " + h.database.role());
    const std::vector<kafka::Record> batch{arrived(h.command(1)), arrived(h.command(2))};
    const Status refused = h.outbound(batch);
    REQUIRE_FALSE(refused);
    CHECK_FALSE(is_retryable(refused.error()));
    h.database.run("GRANT INSERT ON sends TO " + h.database.role());
    REQUIRE(h.outbound(batch));
    CHECK(h.count_sends() == "2");
    REQUIRE(h.outbound(std::vector<kafka::Record>{garbage(7)}));
    CHECK(h.dead_letter_headers("dl-offset", 1) == std::vector<std::string>{"7"});
}

TEST_CASE("a batch that comes again sets nothing aside twice") {
    Handlers h;
    const std::vector<kafka::Record> orders{garbage(1), arrived(h.command(1))};
    const std::vector<kafka::Record> statuses{
        garbage(2), arrived(h.status(1, wa::DELIVERY_STATUS_SENT))
    };
    h.database.go_away();
    for (int tries = 0; tries < 3; ++tries) {
        REQUIRE_FALSE(h.outbound(orders));
        REQUIRE_FALSE(h.statuses(statuses));
    }
    CHECK(h.dead_letter_headers("dl-offset", 0).empty());  // nothing of theirs is durable
    h.database.come_back();
    REQUIRE(h.outbound(orders));
    REQUIRE(h.statuses(statuses));
    CHECK(h.dead_letter_headers("dl-offset", 2) == std::vector<std::string>{"1", "2"});
}

TEST_CASE("a window of any time is stored, and only one still to come lets a text out") {
    Handlers h;
    auto endless = h.command(1);
    endless.set_conversation_id(conversation(1).to_string());
    endless.mutable_send_text()->mutable_window_until()->set_seconds(
        std::numeric_limits<std::int64_t>::max()
    );
    auto ancient = h.command(2);
    ancient.set_conversation_id(conversation(2).to_string());
    ancient.mutable_send_text()->mutable_window_until()->set_seconds(
        std::numeric_limits<std::int64_t>::min()
    );
    REQUIRE(h.outbound(std::vector<kafka::Record>{arrived(endless), arrived(ancient)}));
    CHECK(h.enter_wire(h.claim()).size() == 2);
    CHECK(h.state(1) == "wire");
    CHECK(h.state(2) == "failed");
}

TEST_CASE("a text without a window never goes out") {
    Handlers h;
    auto open_ended = h.command(1);
    open_ended.mutable_send_text()->clear_window_until();
    REQUIRE(h.outbound(std::vector<kafka::Record>{arrived(open_ended)}));
    const auto changes = h.enter_wire(h.claim());
    REQUIRE(changes.size() == 1);
    CHECK(changes.front().failure == Failure::kWindowClosed);
}

TEST_CASE("with the database away the batch is asked for again") {
    Handlers h;
    const std::vector<kafka::Record> batch{arrived(h.command(1))};
    h.database.go_away();
    const Status refused = h.outbound(batch);
    REQUIRE_FALSE(refused);
    CHECK(is_retryable(refused.error()));
    CHECK(h.woken == 0);
    h.database.come_back();
    REQUIRE(h.outbound(batch));
    CHECK(h.count_sends() == "1");
}

TEST_CASE("a read receipt is passed on while it is worth something") {
    Handlers h;
    h.receipts.start();
    const auto mark = [&](const std::string& id, Milliseconds left, const char* number) {
        wa::OutboundCommand command;
        command.set_phone_number_id(number);
        command.mutable_mark_read()->set_message_id(id);
        *command.mutable_mark_read()->mutable_expires_at() =
            TimeUtil::MillisecondsToTimestamp(to_unix_ms(h.clock.now() + left));
        return arrived(command);
    };
    h.database.run(
        "UPDATE channels SET state = 'disconnected', epoch = epoch + 1,"
        " changed_at = clock_timestamp() WHERE phone_number_id = '206540352242922'"
    );
    REQUIRE(h.directory.refresh(soon()));
    REQUIRE(h.outbound(std::vector<kafka::Record>{
        mark("wamid.LATE", -1ms, kNumber),
        mark("wamid.GONE", 25s, kOtherNumber),
        mark("wamid.GOOD", 25s, kNumber),
    }));
    CHECK(testkit::eventually(10s, [&] { return !h.graph.receipts().empty(); }));
    h.receipts.stop(soon());
    CHECK(h.graph.receipts() == std::vector<std::string>{"wamid.GOOD"});
}

TEST_CASE("a status with our send id settles its send and tells the router once") {
    Handlers h;
    h.record(h.on_wire(1), Doubtful{"cut"});
    const std::vector<kafka::Record> batch{
        arrived(h.status(1, wa::DELIVERY_STATUS_SENT)),
        arrived(h.status(1, wa::DELIVERY_STATUS_DELIVERED)),
    };
    REQUIRE(h.statuses(batch));
    REQUIRE(h.statuses(batch));
    CHECK(h.state(1) == "sent");
    CHECK(h.column(1, "wamid") == "wamid.1");
    CHECK(h.woken == 1);
}

TEST_CASE("a status the database refuses is a dead letter alone") {
    Handlers h;
    for (const int n : {1, 2, 3}) h.record(h.on_wire(n), Doubtful{"cut"});
    h.refuse_sends_unless("wamid IS DISTINCT FROM 'wamid.2'");
    REQUIRE(h.statuses(std::vector<kafka::Record>{
        arrived(h.status(1, wa::DELIVERY_STATUS_SENT)),
        arrived(h.status(2, wa::DELIVERY_STATUS_SENT)),
        arrived(h.status(3, wa::DELIVERY_STATUS_FAILED)),
    }));
    CHECK(h.state(1) == "sent");
    CHECK(h.state(2) == "in_doubt");
    CHECK(h.state(3) == "failed");
    CHECK(h.woken >= 1);
    CHECK(h.dead_letter_reasons(1) == std::vector<std::string>{"failed"});
}

TEST_CASE("a status of a time still to come moves the number's time to now and no further") {
    Handlers h;
    h.on_wire(1);
    auto early = h.status(1, wa::DELIVERY_STATUS_SENT);
    *early.mutable_occurred_at() =
        TimeUtil::MillisecondsToTimestamp(to_unix_ms(h.clock.now() + 24h));
    REQUIRE(h.statuses(std::vector<kafka::Record>{arrived(early)}));
    CHECK(h.state(1) == "sent");
    CHECK(h.watermark() == to_unix_ms(h.clock.now()));
}

TEST_CASE("a status of a time that cannot be settles its send like any other") {
    Handlers h;
    h.on_wire(1);
    auto absurd = h.status(1, wa::DELIVERY_STATUS_SENT);
    SECTION("after the end of time") {
        absurd.mutable_occurred_at()->set_seconds(std::numeric_limits<std::int64_t>::max());
        REQUIRE(h.statuses(std::vector<kafka::Record>{arrived(absurd)}));
        CHECK(h.watermark() == to_unix_ms(h.clock.now()));
    }
    SECTION("before its beginning") {
        absurd.mutable_occurred_at()->set_seconds(std::numeric_limits<std::int64_t>::min());
        REQUIRE(h.statuses(std::vector<kafka::Record>{arrived(absurd)}));
        CHECK(h.watermark() < 0);
    }
    CHECK(h.state(1) == "sent");
}

TEST_CASE("what the router is told of a send goes on with the trace its order came with") {
    Handlers h;
    const auto ordered = telemetry::TraceContext::generate();
    auto order = arrived(h.command(1));
    order.headers.emplace_back(telemetry::kTraceparentHeader, ordered.traceparent());
    const std::vector<kafka::Record> orders{order, arrived(h.command(2))};
    REQUIRE(h.outbound(orders));
    const auto claimed = h.claim();
    h.enter_wire(claimed);
    REQUIRE(claimed.size() == 2);
    for (const auto& send : claimed) {
        const auto events = send_updates(h.record(send, Accepted{"wamid"}), h.clock.now());
        REQUIRE(events.size() == 1);
        kafka::Record record;
        record.headers = events.front().record.headers;
        const auto trace = record.trace();
        if (send.id == message(1)) {
            REQUIRE(trace.has_value());
            const auto goes_on = trace.value_or(ordered);
            CHECK(goes_on.trace_id == ordered.trace_id);
            CHECK(goes_on.span_id != ordered.span_id);
        } else {
            CHECK_FALSE(trace.has_value());
        }
    }
}

TEST_CASE("a status of somebody else's message settles nothing, but moves the number's time on") {
    Handlers h;
    h.on_wire(1);
    auto foreign = h.status(1, wa::DELIVERY_STATUS_SENT);
    foreign.set_opaque("x1:" + message(1).to_string() + ":1:00000000");
    auto unknown_number = h.status(1, wa::DELIVERY_STATUS_SENT);
    unknown_number.set_phone_number_id("999");
    REQUIRE(h.statuses(
        std::vector<kafka::Record>{garbage(0), arrived(unknown_number), arrived(foreign)}
    ));
    CHECK(h.state(1) == "wire");
    CHECK(h.database.query("SELECT count(*) FROM status_watermarks") == "1");
    CHECK(h.dead_letter_reasons(2) == std::vector<std::string>{"unparsable", "unknown_number"});
}

TEST_CASE("a text of a number that was disconnected is kept without content and fails") {
    Handlers h;
    // The directory has not heard of it: the row decides.
    h.database.run(
        "UPDATE channels SET state = 'disconnected', epoch = epoch + 1,"
        " changed_at = clock_timestamp() WHERE phone_number_id = '106540352242922'"
    );
    REQUIRE(h.outbound(std::vector<kafka::Record>{arrived(h.command(1))}));
    CHECK(h.column(1, "octet_length(body)") == "0");
    CHECK(h.column(1, "position('573001112233' in encode(recipient, 'escape'))") == "0");
    const auto changes = h.enter_wire(h.claim());
    REQUIRE(changes.size() == 1);
    CHECK(changes.front().failure == Failure::kChannelNotConnected);
}

TEST_CASE("an order for an erased person is kept without content, and the router hears it failed") {
    Handlers h;
    sealing::testing::FaultySealer vault{h.clock};
    StoreOutbound store{h.directory, h.sends, vault, h.receipts, [&](const auto&) { ++h.woken; }};
    auto outbound = store_outbound(h.runtime, h.directory, store);
    const auto erased = ContactId::parse(conversation(1).to_string()).value();
    vault.erase({h.tenant, erased});
    const std::vector<kafka::Record> batch{arrived(h.command(1)), arrived(h.command(2))};
    SECTION("the vault is away for a while") {
        vault.go_away();
        const Status later = outbound(batch);
        REQUIRE_FALSE(later);
        CHECK(is_retryable(later.error()));
        CHECK(h.count_sends() == "0");
        vault.come_back();
    }
    SECTION("the vault is there") {}
    REQUIRE(outbound(batch));
    CHECK(h.column(1, "octet_length(recipient) || ' ' || octet_length(body)") == "0 0");
    CHECK(h.has_content(2));
    CHECK(h.column(2, "position('hola' in encode(body, 'escape'))") == "0");
    CHECK(h.woken == 1);

    auto claimed = h.commit([&](auto& in) { return h.sends.claim(in, "c-0", h.shares(10)); });
    send_content::open(claimed, h.keys_of(claimed, vault));
    const auto changes = h.enter_wire(claimed);
    REQUIRE(changes.size() == 2);
    CHECK(h.state(1) == "failed");
    CHECK(h.state(2) == "wire");
    const auto events = send_updates(changes, h.clock.now());
    REQUIRE(events.size() == 1);
    wa::SendUpdate update;
    REQUIRE(update.ParseFromString(events.front().record.value));
    CHECK(update.send_id() == message(1).to_string());
    CHECK(update.state() == wa::SEND_STATE_FAILED);
    CHECK(update.failure() == wa::SEND_FAILURE_CONTENT_UNREADABLE);
    REQUIRE(outbound(batch));
    CHECK(h.count_sends() == "2");
}

TEST_CASE("a number that another replica registers is seen without a restart or a question") {
    Handlers h;
    REQUIRE(h.directory.refresh(soon()));
    const auto newcomer = TenantId::generate(h.clock.now());
    {
        postgres::Pool pool{{h.database.service_url(), 2}};
        ChannelStore store;
        channels::Directory directory(pool, h.metrics);
        RegisterChannel elsewhere(pool, store, directory, h.outbox, h.clock);
        REQUIRE(elsewhere.run({"306540352242922", newcomer, "501", "+57 300 000 0143"}, soon()));
    }
    REQUIRE(h.directory.refresh(soon()));
    const auto tenants = h.directory.tenants();
    CHECK(std::find(tenants.begin(), tenants.end(), newcomer) != tenants.end());
}

}  // namespace tecnochat::whatsapp_connector::testing
