#include "shipped_fixture.hpp"

#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>

#include "tecnochat/core/environment.hpp"
#include "tecnochat/core/guarded.hpp"
#include "tecnochat/kafka/consumer.hpp"
#include "tecnochat/testkit/eventually.hpp"
#include "tecnochat/testkit/process.hpp"
#include "topics_file.hpp"

namespace tecnochat::skeleton {
namespace {

const std::filesystem::path kRoot = TECNOCHAT_SOURCE_DIR;

void create_topics(kafka::testing::MockCluster& cluster) {
    std::ifstream in(kRoot / "deploy/topics.yaml");
    std::ostringstream text;
    text << in.rdbuf();
    const auto topics = provision::parse_topics(text.str(), "topics.yaml");
    REQUIRE(topics);
    for (const auto& topic : *topics) cluster.create_topic(topic.name, topic.partitions);
}

}  // namespace

Shipped::Shipped(const std::string& name)
    : rpc_port_(testkit::free_port()), http_port_(testkit::free_port()) {
    create_topics(cluster);
    certificates_.make_ca("ca");
    const auto own = identity(name);
    service = {
        name,
        BINARIES + name,
        {"--kafka-brokers",
         cluster.bootstrap(),
         "--kafka-security",
         "plaintext",
         "--tls-ca",
         own.ca,
         "--tls-cert",
         own.certificate,
         "--tls-key",
         own.key},
        {}
    };
    const auto add = [&](const std::string& flag, const std::string& value) {
        service.flags.insert(service.flags.end(), {flag, value});
    };
    const bool edge = name == "webhook-ingress";
    if (edge) {
        add("--http-listen", "127.0.0.1:" + std::to_string(http_port_));
        service.environment["META_APP_SECRET"] = "secret";
        service.environment["META_VERIFY_TOKEN"] = "token";
    } else {
        sandbox.emplace(name, kRoot / "services" / name / "migrations");
        add("--rpc-listen", "127.0.0.1:" + std::to_string(rpc_port_));
        add("--rpc-allow-list", (kRoot / "deploy/rpc.yaml").string());
        service.environment["TECNOCHAT_POSTGRES_URL"] = sandbox->service_url().reveal();
    }
    if (name != "ai-reply") service.environment["TECNOCHAT_INGEST_KEY"] = "test ingest key";
    if (name != "whatsapp-connector") return;
    const std::filesystem::path token = certificates_.path("graph-token");
    std::ofstream(token) << "token";
    std::filesystem::permissions(token, std::filesystem::perms(0600));
    add("--graph-token-file", token.string());
    add("--meta-graph-url", "http://127.0.0.1:" + std::to_string(testkit::free_port()));
    const auto redis = environment_variable("TECNOCHAT_TEST_REDIS_URL");
    service.environment["TECNOCHAT_REDIS_URL"] = redis.value_or("redis://127.0.0.1:1/0");
}

std::vector<kafka::Record> Shipped::on_topic(const std::string& topic) {
    Guarded<std::vector<kafka::Record>> seen;
    telemetry::Metrics metrics;
    kafka::ConsumerConfig config;
    config.service = "test";
    config.topic = topic;
    config.reads = kafka::Reads::kAllFromBeginning;
    config.mock_bootstrap = cluster.bootstrap();
    kafka::Consumer consumer(
        config,
        [&](std::span<const kafka::Record> batch) {
            seen.with([&](auto& all) { all.insert(all.end(), batch.begin(), batch.end()); });
            return ok();
        },
        metrics
    );
    consumer.start();
    REQUIRE(testkit::eventually(Milliseconds(30'000), [&] { return consumer.ready(); }));
    consumer.stop(Deadline::after(Milliseconds(20'000)));
    return seen.with([](const auto& all) { return all; });
}

}  // namespace tecnochat::skeleton
