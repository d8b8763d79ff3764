#include "echo_fixture.hpp"

#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>

#include "tecnochat/testkit/process.hpp"
#include "topics_file.hpp"

namespace tecnochat::skeleton {
namespace {

std::string text_of(const std::filesystem::path& file) {
    std::ifstream in(file);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

std::vector<provision::Topic> topics() {
    auto topics = provision::parse_topics(list_with_echo("topics.yaml"), "topics.yaml");
    REQUIRE(topics);
    return std::move(topics).value();
}

}  // namespace

std::string list_with_echo(const std::string& name) {
    return text_of(std::filesystem::path(TECNOCHAT_SOURCE_DIR) / "deploy" / name) +
           text_of(kFolder / "deploy" / name);
}

EchoFixture::EchoFixture() : rpc_port(testkit::free_port()) {
    for (const auto& topic : topics()) cluster.create_topic(topic.name, topic.partitions);
    certificates.make_ca("ca");
    const auto own = identity("echo-service");
    service.name = "echo-service";
    service.binary = BINARIES "echo-service";
    service.flags = {
        "--kafka-brokers",
        cluster.bootstrap(),
        "--kafka-security",
        "plaintext",
        "--tls-ca",
        own.ca,
        "--tls-cert",
        own.certificate,
        "--tls-key",
        own.key,
        "--rpc-listen",
        "127.0.0.1:" + std::to_string(rpc_port),
        "--rpc-allow-list",
        (kFolder / "deploy/rpc.yaml").string(),
    };
    service.environment = {{"TECNOCHAT_POSTGRES_URL", sandbox.service_url().reveal()}};
}

}  // namespace tecnochat::skeleton
