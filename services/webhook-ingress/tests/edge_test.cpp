#include "edge.hpp"

#include <chrono>
#include <thread>

#include "tecnochat/whatsapp/v1/events.pb.h"

using namespace tecnochat;
using namespace tecnochat::webhook_ingress;
using namespace tecnochat::webhook_ingress::testing;
namespace v1 = tecnochat::whatsapp::v1;
using std::chrono::steady_clock;

TEST_CASE("200 means durable: the record is there, with its headers and key") {
    Edge edge;
    CHECK(edge.ask(signed_post(text_webhook("wamid.ONE"))).status == 200);
    const auto records = edge.inbound();
    REQUIRE(records.size() == 1);
    const kafka::Record& record = records[0];
    CHECK(record.event_id() == "wamid.ONE");
    CHECK(record.header("ce_type") == "tecnochat.whatsapp.v1.InboundMessage");
    CHECK(record.header("ce_source") == "/tecnochat/webhook-ingress");
    CHECK(record.trace().has_value());
    CHECK(record.key.size() == 64);
    CHECK(record.key.find("573001112233") == std::string::npos);
    v1::InboundMessage message;
    REQUIRE(message.ParseFromString(record.value));
    CHECK(message.phone_number_id() == "106");
    CHECK(message.waba_id() == "W1");
    CHECK(message.from_phone() == "573001112233");
    CHECK(message.text().body() == "hola");
    CHECK(message.received_at().seconds() > 1'700'000'000);
}

TEST_CASE("a batch is spread over the topics, one record per item") {
    Edge edge;
    const std::string body =
        R"({"object":"whatsapp_business_account","entry":[{"id":"W1","time":5,"changes":[)"
        R"({"field":"messages","value":{"metadata":{"phone_number_id":"106"},"messages":[)"
        R"({"from":"571","id":"a","type":"text","text":{"body":"x"}},)"
        R"({"from":"572","id":"b","type":"image","image":{}},{"bad":1}],)"
        R"("statuses":[{"id":"c","status":"read","recipient_id":"573",)"
        R"("errors":[{"code":1,"title":"t"}]}]}},)"
        R"({"field":"account_update","value":{"event":"X"}}]}]})";
    CHECK(edge.ask(signed_post(body)).status == 200);
    CHECK(edge.inbound().size() == 3);
    const auto statuses = edge.records(kafka::topics::kWhatsappStatus);
    REQUIRE(statuses.size() == 1);
    CHECK(statuses[0].event_id() == "c:read");
    v1::MessageStatus status;
    REQUIRE(status.ParseFromString(statuses[0].value));
    CHECK(status.status() == v1::DELIVERY_STATUS_READ);
    CHECK(status.errors(0).code() == 1);
    const auto changes = edge.records(kafka::topics::kWhatsappAccount);
    REQUIRE(changes.size() == 1);
    CHECK(changes[0].key == "W1");
}

TEST_CASE("what a message or status has beside its fields is in the record, byte for byte") {
    Edge edge;
    const std::string identity = R"("identity" : {"hash":"Caf\u00e9","source_id":"1"})";
    const std::string context = R"("context":{"forwarded":true})";
    const std::string contact = R"({"wa_id":"571","profile":{"username":"ana","name":"Ana"}})";
    const std::string pricing = R"("pricing":{"billable":true,"type":"regular"})";
    const std::string conversation = R"("conversation":{"id":"c","origin":{"type":"service"}})";
    CHECK(
        edge
            .ask(signed_post(
                R"({"object":"whatsapp_business_account","entry":[{"id":"W1","changes":[)"
                R"({"field":"messages","value":{"metadata":{"phone_number_id":"106"},"messages":[{)" +
                identity + R"(,"id":"a","text":{"body":"x"}, )" + context +
                R"( ,"from":"571","type":"text"}],"contacts":[)" + contact +
                R"(],"statuses":[{"id":"c","status":"sent",)" + pricing + "," + conversation +
                R"(},{"id":"d","status":"read"}]}}]}]})"
            ))
            .status == 200
    );
    const auto inbound = edge.inbound();
    REQUIRE(inbound.size() == 1);
    v1::InboundMessage message;
    REQUIRE(message.ParseFromString(inbound[0].value));
    CHECK(message.text().body() == "x");
    CHECK(
        message.other_json() == "{" + identity + "," + context + R"(,"contact":)" + contact + "}"
    );
    const std::string of_sent = "{" + pricing + "," + conversation + "}";
    const auto statuses = edge.records(kafka::topics::kWhatsappStatus);
    REQUIRE(statuses.size() == 2);
    for (const kafka::Record& record : statuses) {
        v1::MessageStatus status;
        REQUIRE(status.ParseFromString(record.value));
        CHECK(status.other_json() == (record.event_id() == "c:sent" ? of_sent : ""));
    }
}

TEST_CASE("no signature, a wrong one or a tampered body: 401 and no record") {
    Edge edge;
    const std::string body = text_webhook("wamid.X");
    std::string tampered = signed_post(body);
    tampered.replace(tampered.find("hola"), 4, "halo");
    for (const std::string& request :
         {http::post("/webhooks/whatsapp", body),
          signed_post(body, "other_secret"),
          tampered,
          http::post("/webhooks/whatsapp", body, "X-Hub-Signature-256: sha256=\r\n"),
          http::post("/webhooks/whatsapp", body, "X-Hub-Signature-256: sha256=zz\r\n"),
          http::post("/webhooks/whatsapp", body, "X-Hub-Signature: sha1=00\r\n")}) {
        CHECK(edge.ask(request).status == 401);
    }
    CHECK(edge.inbound().empty());
}

TEST_CASE("while the app secret rotates both are accepted") {
    Edge edge;
    CHECK(edge.ask(signed_post(text_webhook("wamid.1"), kSecret)).status == 200);
    CHECK(edge.ask(signed_post(text_webhook("wamid.2"), kPreviousSecret)).status == 200);
    CHECK(edge.inbound().size() == 2);
}

TEST_CASE("Meta's handshake") {
    Edge edge;
    const std::string path = "/webhooks/whatsapp?hub.mode=subscribe&hub.challenge=1158201444";
    const auto answer = edge.ask(http::get(path + "&hub.verify_token=verify%20me"));
    CHECK(answer.status == 200);
    CHECK(answer.body == "1158201444");
    CHECK(edge.ask(http::get(path + "&hub.verify_token=guess")).status == 403);
    CHECK(edge.ask(http::get(path)).status == 403);
    CHECK(edge.ask(http::get("/webhooks/whatsapp")).status == 403);
    CHECK(
        edge
            .ask(http::get(
                "/webhooks/whatsapp?hub.mode=other&hub.challenge=1&hub.verify_token=verify%20me"
            ))
            .status == 403
    );
}

TEST_CASE("other paths and methods") {
    Edge edge;
    CHECK(edge.ask(http::get("/")).status == 404);
    CHECK(edge.ask(http::post("/webhooks", "x")).status == 404);
    const auto refused = edge.ask("DELETE /webhooks/whatsapp HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK(refused.status == 405);
    CHECK(refused.head.find("Allow: GET, POST") != std::string::npos);
    CHECK(edge.ask(http::post("/healthz", "")).status == 405);
    CHECK(edge.ask(http::get("/healthz")).status == 200);
    CHECK(edge.ask(http::get("/readyz")).status == 200);
}

TEST_CASE("what the edge refuses before anyone looks at it") {
    Config config;
    config.header_time = Milliseconds(150);
    config.body_time = Milliseconds(150);
    Edge edge(config);
    const std::string head = "POST /webhooks/whatsapp HTTP/1.1\r\nHost: h\r\n";
    SECTION("413, announced") {
        CHECK(edge.ask(head + "Content-Length: 3145729\r\n\r\n").status == 413);
    }
    SECTION("413, chunked") {
        http::RawClient client(edge.app->port());
        client.send(head + "Transfer-Encoding: chunked\r\n\r\n");
        const std::string chunk = "100000\r\n" + std::string(1 << 20, 'x') + "\r\n";
        for (int i = 0; i < 3; ++i) REQUIRE(client.send(chunk));
        client.send("1\r\nx\r\n");
        CHECK(client.receive().status == 413);
    }
    SECTION("415") {
        CHECK(
            edge.ask(http::post("/webhooks/whatsapp", "x", "Content-Encoding: gzip\r\n")).status ==
            415
        );
    }
    SECTION("408") {
        CHECK(edge.ask("POST /webhooks/whatsapp HTTP/1.1\r\nHos").status == 408);
        CHECK(edge.ask(head + "Content-Length: 10\r\n\r\nabc").status == 408);
    }
}

TEST_CASE("the largest body there may be is one record where it is no webhook") {
    Edge edge;
    const std::string body(3 * 1024 * 1024, 'x');
    CHECK(edge.ask(signed_post(body)).status == 200);
    const auto records = edge.records(kafka::topics::kWhatsappAccount);
    REQUIRE(records.size() == 1);
    v1::AccountChange change;
    REQUIRE(change.ParseFromString(records[0].value));
    CHECK(change.field() == "unparsed");
    CHECK(change.json() == body);
    CHECK(records[0].value.size() < 4 * 1024 * 1024);
    CHECK(edge.metrics.serialize().find("tecnochat_ingress_unparsed_total 1") != std::string::npos);
}

TEST_CASE("a signed webhook without items is fine") {
    Edge edge;
    CHECK(
        edge.ask(signed_post(R"({"object":"whatsapp_business_account","entry":[]})")).status == 200
    );
    CHECK(edge.records(kafka::topics::kWhatsappAccount).empty());
}

TEST_CASE("broker away: 503 quickly, and 200 again once it is back") {
    Edge edge;
    CHECK(edge.ask(signed_post(text_webhook("wamid.before"))).status == 200);
    edge.broker.set_down(true);
    const auto started = steady_clock::now();
    CHECK(edge.ask(signed_post(text_webhook("wamid.away"))).status == 503);
    CHECK(steady_clock::now() - started < std::chrono::milliseconds(3'500));
    REQUIRE(testkit::eventually(kPatience, [&] { return !edge.app->ready(); }));
    const auto again = steady_clock::now();
    CHECK(edge.ask(signed_post(text_webhook("wamid.away2"))).status == 503);
    CHECK(steady_clock::now() - again < std::chrono::milliseconds(500));
    CHECK(edge.ask(http::get("/readyz")).status == 503);
    CHECK(edge.ask(http::get("/healthz")).status == 200);
    edge.broker.set_down(false);
    edge.wait_until_ready();
    CHECK(edge.ask(signed_post(text_webhook("wamid.back"))).status == 200);
}

TEST_CASE("a broker that does not get on: 503 in time, other requests are not held up") {
    Config config;
    config.answer_within = Milliseconds(400);
    Edge edge(config);
    edge.broker.set_delay(std::chrono::seconds(2));
    http::RawClient waiting(edge.app->port());
    const auto started = steady_clock::now();
    waiting.send(signed_post(text_webhook("wamid.slow")));
    CHECK(edge.ask(http::get("/healthz")).status == 200);
    CHECK(waiting.receive().status == 503);
    CHECK(steady_clock::now() - started < std::chrono::seconds(2));
    edge.broker.set_delay(std::chrono::seconds(0));
}

TEST_CASE("pipelined webhooks are answered in order, each durable") {
    Edge edge;
    http::RawClient client(edge.app->port());
    std::string all;
    for (int i = 0; i < 100; ++i) {
        const auto body = text_webhook("wamid." + std::to_string(i));
        all += i % 10 == 9 ? http::post("/webhooks/whatsapp", body) : signed_post(body);
    }
    client.send(all);
    for (int i = 0; i < 100; ++i) CHECK(client.receive().status == (i % 10 == 9 ? 401 : 200));
    CHECK(edge.inbound().size() == 90);
}

TEST_CASE("many connections at once: as many records as 200s") {
    Edge edge;
    std::atomic<int> good = 0;
    {
        std::vector<std::jthread> clients;
        for (int c = 0; c < 16; ++c) {
            clients.emplace_back([&edge, &good, c] {
                http::RawClient client(edge.app->port());
                for (int i = 0; i < 50; ++i) {
                    client.send(
                        signed_post(text_webhook(std::to_string(c) + "." + std::to_string(i)))
                    );
                    if (client.receive().status == 200) ++good;
                }
            });
        }
    }
    CHECK(good == 800);
    CHECK(edge.inbound().size() == 800);
    const std::string metrics = edge.metrics.serialize();
    CHECK(metrics.find("tecnochat_ingress_requests_total{code=\"200\"} 800") != std::string::npos);
    CHECK(
        metrics.find("tecnochat_ingress_records_total{topic=\"whatsapp.inbound\"} 800") !=
        std::string::npos
    );
}

TEST_CASE("stopping answers what is under way") {
    Edge edge;
    edge.broker.set_delay(std::chrono::milliseconds(300));
    http::RawClient client(edge.app->port());
    client.send(signed_post(text_webhook("wamid.last")));
    const std::string counted = "tecnochat_ingress_records_total{topic=\"whatsapp.inbound\"} 1";
    REQUIRE(testkit::eventually(kPatience, [&] {
        return edge.metrics.serialize().find(counted) != std::string::npos;
    }));
    std::jthread stopping([&edge] { edge.app->stop(Deadline::after(std::chrono::seconds(10))); });
    CHECK(client.receive().status == 200);
    client.finish();
}
