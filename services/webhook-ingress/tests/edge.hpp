#pragma once

#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <vector>

#include "app.hpp"
#include "raw_client.hpp"
#include "tecnochat/crypto/encoding.hpp"
#include "tecnochat/kafka/testing/mock_cluster.hpp"
#include "tecnochat/kafka/testing/read_topic.hpp"
#include "tecnochat/kafka/topics.hpp"
#include "tecnochat/testkit/eventually.hpp"

namespace tecnochat::webhook_ingress::testing {

inline constexpr std::chrono::seconds kPatience{20};
inline constexpr const char* kSecret = "test_app_secret";
inline constexpr const char* kPreviousSecret = "old_app_secret";

inline std::string signature(std::string_view body, const char* secret = kSecret) {
    return "X-Hub-Signature-256: sha256=" + crypto::to_hex(crypto::HmacSha256(secret).sign(body)) +
           "\r\n";
}

inline std::string signed_post(std::string_view body, const char* secret = kSecret) {
    return http::post("/webhooks/whatsapp", body, signature(body, secret));
}

/// A webhook with one text message.
inline std::string text_webhook(const std::string& id) {
    return R"({"object":"whatsapp_business_account","entry":[{"id":"W1","changes":[)"
           R"({"field":"messages","value":{"metadata":{"display_phone_number":"1555",)"
           R"("phone_number_id":"106"},"messages":[)"
           R"({"from":"573001112233","id":")" +
           id + R"(","timestamp":"1750030073","type":"text","text":{"body":"hola"}}]}}]}]})";
}

/// The whole service in this process, on real sockets, against librdkafka's mock broker.
class Edge {
 public:
    explicit Edge(Config config = {}) {
        for (const auto topic : kafka::topics::kAll) broker.create_topic(std::string(topic), 6);
        config.listen = "127.0.0.1:0";
        config.service.kafka.brokers = broker.bootstrap();
        config.service.kafka.security = "plaintext";
        config.app_secret = Secret(kSecret);
        config.app_secret_previous = Secret(kPreviousSecret);
        config.verify_token = Secret("verify me");
        config.ingest_key = Secret("ingest key");
        app = std::make_unique<App>(config, metrics);
        REQUIRE(app->start());
        wait_until_ready();
    }

    void wait_until_ready() {
        REQUIRE(testkit::eventually(kPatience, [this] { return app->ready(); }));
    }

    /// Sends one request on a connection of its own.
    [[nodiscard]] http::RawAnswer ask(const std::string& request) const {
        http::RawClient client(app->port());
        client.send(request);
        return client.receive();
    }

    /// Everything the topic holds, read from its beginning by a consumer of its own.
    std::vector<kafka::Record> records(std::string_view topic) {
        return kafka::testing::read_topic(broker.bootstrap(), topic);
    }

    [[nodiscard]] std::vector<kafka::Record> inbound() {
        return records(kafka::topics::kWhatsappInbound);
    }

    kafka::testing::MockCluster broker;
    telemetry::Metrics metrics;
    std::unique_ptr<App> app;
};

}  // namespace tecnochat::webhook_ingress::testing
