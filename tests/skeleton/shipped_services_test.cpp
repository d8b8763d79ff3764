// Goal: the four shipped services keep what every service promises, for their whole life: ready
// while what they need is there, RPCs answered, SIGTERM under load loses nothing and ends with 0.
// Method: their built binaries between a real PostgreSQL and librdkafka's mock broker.
#include <grpcpp/channel.h>

#include <catch2/catch.hpp>
#include <set>
#include <thread>

#include "shipped_fixture.hpp"
#include "tecnochat/conversations/v1/conversations_service.grpc.pb.h"
#include "tecnochat/crypto/encoding.hpp"
#include "tecnochat/crypto/hmac.hpp"
#include "tecnochat/kafka/producer.hpp"
#include "tecnochat/knowledge/v1/knowledge_service.grpc.pb.h"
#include "tecnochat/rpc/client.hpp"
#include "tecnochat/testkit/eventually.hpp"
#include "tecnochat/testkit/http.hpp"
#include "tecnochat/whatsapp/v1/whatsapp_service.grpc.pb.h"

namespace tecnochat::skeleton {
namespace {

constexpr Milliseconds kLong{30'000};
/// The drain timeout that services have by default: a stop beyond it is the watchdog's.
constexpr Milliseconds kStopTime{10'000};
constexpr Milliseconds kDrainTime{3000};

grpc::StatusCode ask(Shipped& shipped, const std::string& caller, Milliseconds limit = kLong) {
    const auto& name = shipped.service.name;
    const auto channel = rpc::connect(
        "127.0.0.1:" + std::to_string(shipped.rpc_port()), name, shipped.identity(caller)
    );
    const auto tenant = Uuid::v5(kTecnochatNamespace, "tenant").to_string();
    grpc::ClientContext context;
    rpc::prepare(context, Deadline::after(limit));
    if (name == "message-router") {
        conversations::v1::ListConversationsRequest request;
        request.set_tenant_id(tenant);
        conversations::v1::ListConversationsResponse response;
        return conversations::v1::ConversationsService::NewStub(channel)
            ->ListConversations(&context, request, &response)
            .error_code();
    }
    if (name == "ai-reply") {
        knowledge::v1::ListItemsRequest request;
        request.set_tenant_id(tenant);
        knowledge::v1::ListItemsResponse response;
        return knowledge::v1::KnowledgeService::NewStub(channel)
            ->ListItems(&context, request, &response)
            .error_code();
    }
    whatsapp::v1::GetChannelRequest request;
    request.set_phone_number_id("1");
    whatsapp::v1::GetChannelResponse response;
    return whatsapp::v1::WhatsAppService::NewStub(channel)
        ->GetChannel(&context, request, &response)
        .error_code();
}

/// Ready while everything is there, not ready while something is away.
void live_through_outages(Shipped& shipped) {
    testkit::RunningService running(shipped.service);
    REQUIRE(running.becomes_ready());
    if (shipped.sandbox) {
        const auto expected = shipped.service.name == "whatsapp-connector"
                                  ? grpc::StatusCode::NOT_FOUND
                                  : grpc::StatusCode::OK;
        CHECK(ask(shipped, "gateway") == expected);
        CHECK(ask(shipped, "webhook-ingress") == grpc::StatusCode::PERMISSION_DENIED);
        shipped.database().go_away();
        CHECK(running.becomes_unready());
        shipped.database().come_back();
        CHECK(running.becomes_ready());
        CHECK(ask(shipped, "gateway") == expected);
    }
    shipped.cluster.set_down(true);
    CHECK(running.becomes_unready());
    shipped.cluster.set_down(false);
    CHECK(running.becomes_ready());
    CHECK(running.terminate(kStopTime) == 0);
}

/// Stopped while records come in, and started again: each of them has been handled, once. They are
/// unparsable, for all consumers do the same with those: a dead letter each.
void stop_under_load(const std::string& name, const std::vector<std::string>& topics) {
    Shipped shipped(name);
    telemetry::Metrics metrics;
    kafka::ProducerConfig config;
    config.client_id = "test";
    config.mock_bootstrap = shipped.cluster.bootstrap();
    kafka::Producer producer(config, metrics);
    constexpr std::size_t kRounds = 60;
    std::atomic<std::size_t> sent{0};
    const auto load = [&] {
        for (; sent < kRounds; ++sent) {
            std::vector<kafka::OutRecord> records;
            for (const auto& topic : topics) {
                for (int i = 0; i < 3; ++i)
                    records.push_back({topic, std::to_string(i), "\xFF\xFF unparsable", {}});
            }
            if (!producer.send_and_wait(records, Deadline::after(kLong))) return;
        }
    };
    {
        testkit::RunningService running(shipped.service);
        REQUIRE(running.becomes_ready());
        const std::jthread loading(load);
        REQUIRE(testkit::eventually(kLong, [&] { return sent > kRounds / 3; }));
        CHECK(running.terminate(kStopTime) == 0);
    }
    REQUIRE(sent == kRounds);
    testkit::RunningService again(shipped.service);
    REQUIRE(again.becomes_ready());
    const auto all = kRounds * 3 * topics.size();
    std::multiset<std::string> letters;
    CHECK(testkit::eventually(kLong, [&] {
        letters.clear();
        for (const auto& letter : shipped.on_topic("dead-letters." + name)) {
            letters.insert(
                std::string(letter.header("dl-topic")) + " " +
                std::string(letter.header("dl-partition")) + " " +
                std::string(letter.header("dl-offset"))
            );
        }
        return letters.size() >= all;
    }));
    CHECK(letters.size() == all);
    CHECK(std::set<std::string>(letters.begin(), letters.end()).size() == all);
    CHECK(again.terminate(kStopTime) == 0);
}

}  // namespace

TEST_CASE("message-router is ready while what it needs is there, answers and stops with 0") {
    Shipped shipped("message-router");
    live_through_outages(shipped);
}
TEST_CASE("whatsapp-connector is ready while what it needs is there, answers and stops with 0") {
    Shipped shipped("whatsapp-connector");
    live_through_outages(shipped);
}
TEST_CASE("ai-reply is ready while what it needs is there, answers and stops with 0") {
    Shipped shipped("ai-reply");
    live_through_outages(shipped);
}
TEST_CASE("webhook-ingress is ready while what it needs is there, and stops with 0") {
    Shipped shipped("webhook-ingress");
    live_through_outages(shipped);
}

TEST_CASE("shipped services whose database is away do not start, and say so") {
    for (const char* name : {"message-router", "whatsapp-connector", "ai-reply"}) {
        Shipped shipped(name);
        shipped.database().go_away();
        CHECK_NOTHROW(testkit::check_cannot_start(shipped.service, {}, {}, 1));
        shipped.database().come_back();
    }
}

TEST_CASE("shipped services whose database hangs end by themselves before the watchdog") {
    for (const char* name : {"message-router", "whatsapp-connector", "ai-reply"}) {
        INFO(name);
        Shipped shipped(name);
        shipped.service.flags.insert(
            shipped.service.flags.end(), {"--drain-timeout-ms", std::to_string(kDrainTime.count())}
        );
        testkit::RunningService running(shipped.service);
        REQUIRE(running.becomes_ready());
        const auto admin =
            postgres::connect(shipped.database().admin_url().reveal(), Deadline::after(kLong))
                .value();
        REQUIRE(admin->execute("BEGIN"));
        REQUIRE(admin->execute(
            "DO $$ DECLARE t regclass; BEGIN FOR t IN SELECT oid FROM pg_class WHERE relkind = 'r' "
            "AND relnamespace = '" +
            shipped.database().schema() +
            "'::regnamespace LOOP EXECUTE "
            "'LOCK TABLE ' || t; END LOOP; END $$"
        ));
        // Somebody waits for a table by now: the background's work, or this call.
        const std::jthread asking([&] { ask(shipped, "gateway", kDrainTime); });
        REQUIRE(testkit::eventually(kLong, [&] {
            return shipped.database().count(
                       "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'relation'"
                   ) > 0;
        }));
        CHECK(running.terminate(kStopTime) == 0);
    }
}

TEST_CASE("message-router stopped under load has handled every record once") {
    stop_under_load(
        "message-router",
        {"whatsapp.inbound", "whatsapp.sent", "whatsapp.status", "ai.replies", "channel.events"}
    );
}
TEST_CASE("whatsapp-connector stopped under load has handled every record once") {
    stop_under_load("whatsapp-connector", {"whatsapp.outbound", "whatsapp.status"});
}
TEST_CASE("ai-reply stopped under load has handled every record once") {
    stop_under_load("ai-reply", {"ai.requests"});
}

TEST_CASE("webhook-ingress stopped under load keeps whatever it has answered with 200") {
    Shipped shipped("webhook-ingress");
    testkit::RunningService running(shipped.service);
    REQUIRE(running.becomes_ready());
    std::set<std::string> accepted;
    std::atomic<bool> enough{false};
    std::jthread loading([&](const std::stop_token& stop) {
        for (int i = 0; !stop.stop_requested(); ++i) {
            const auto id = "wamid." + std::to_string(i);
            const auto body =
                R"({"object":"whatsapp_business_account","entry":[{"id":"W1","changes":[)"
                R"({"field":"messages","value":{"metadata":{"display_phone_number":"1555",)"
                R"("phone_number_id":"106"},"messages":[{"from":"573001112233","id":")" +
                id + R"(","timestamp":"1750030073","type":"text","text":{"body":"hola"}}]}}]}]})";
            const auto answer = testkit::http_post(
                shipped.http_url() + "/webhooks/whatsapp",
                body,
                {{"X-Hub-Signature-256",
                  "sha256=" + crypto::to_hex(crypto::HmacSha256("secret").sign(body))}}
            );
            if (answer.status == 200) accepted.insert(id);
            enough = accepted.size() >= 20;
        }
    });
    REQUIRE(testkit::eventually(kLong, [&] { return enough.load(); }));
    CHECK(running.terminate(kStopTime) == 0);
    loading.request_stop();
    loading.join();
    std::set<std::string> stored;
    for (const auto& record : shipped.on_topic("whatsapp.inbound"))
        stored.insert(std::string(record.event_id()));
    for (const auto& id : accepted) CHECK(stored.contains(id));
}

TEST_CASE("a number that another replica has stored is seen by services that run") {
    for (const char* name : {"message-router", "whatsapp-connector"}) {
        INFO(name);
        Shipped shipped(name);
        testkit::RunningService running(shipped.service);
        REQUIRE(running.becomes_ready());
        shipped.database().run(
            "INSERT INTO channels (phone_number_id, tenant_id, waba_id, display_phone_number, "
            "state, epoch) VALUES ('106', gen_random_uuid(), '1', '+57', 'connected', 1)"
        );
        CHECK(testkit::eventually(kLong, [&] {
            return running.metrics().find("tecnochat_channels_numbers 1") != std::string::npos;
        }));
        CHECK(running.terminate(kStopTime) == 0);
    }
}

}  // namespace tecnochat::skeleton
