// Goal: a topics file is either understood whole or refused with the line that is wrong.

#include "topics_file.hpp"

#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>
#include <string>

using tecnochat::ErrorCode;
using tecnochat::provision::parse_topics;

namespace {

constexpr const char* kHead = R"(version: 1
defaults:
  partitions: 6
  replication: 1
  retention_ms: 72000000
  segment_ms: 14400000
  max_message_bytes: 4194304
topics:
)";  // 8 lines: the first line of a test's own topics is 9

constexpr const char* kTopic = R"(  - name: ai.requests
    key: conversation id
    data_class: CONTENT
    message: tecnochat.ai.v1.AiRequest
    producers: [message-router]
    consumers: [ai-reply]
)";

/// The error of `text`, which must be refused.
std::string refusal(const std::string& text) {
    const auto parsed = parse_topics(text, "topics.yaml");
    REQUIRE_FALSE(parsed.has_value());
    CHECK(parsed.error().code == ErrorCode::kInvalidArgument);
    return parsed.error().message;
}

/// The refusal of the usual topic with one more line in it, which becomes line 15.
std::string refusal_with(const std::string& line) {
    return refusal(std::string(kHead) + kTopic + "    " + line + "\n");
}

}  // namespace

TEST_CASE("a topic takes the defaults it does not set") {
    const auto parsed =
        parse_topics(std::string(kHead) + kTopic + "    partitions: 2\n", "topics.yaml");
    REQUIRE(parsed.has_value());
    REQUIRE(parsed->size() == 1);
    const auto& topic = parsed->front();
    CHECK(topic.name == "ai.requests");
    CHECK(topic.partitions == 2);
    CHECK(topic.replication == 1);
    CHECK(topic.config.at("retention.ms") == "72000000");
    CHECK(topic.config.at("segment.ms") == "14400000");
    CHECK(topic.config.at("max.message.bytes") == "4194304");
    CHECK(topic.config.at("cleanup.policy") == "delete");
    CHECK(topic.producers == std::vector<std::string>{"message-router"});
    CHECK(topic.consumers == std::vector<std::string>{"ai-reply"});
}

TEST_CASE("a compacted topic keeps its records whatever their age") {
    const auto parsed = parse_topics(
        std::string(kHead) +
            "  - {name: channel.events, key: phone_number_id, data_class: CONTROL, cleanup: "
            "compact,\n"
            "     message: tecnochat.whatsapp.v1.ChannelEvent, producers: [], consumers: []}\n",
        "topics.yaml"
    );
    REQUIRE(parsed.has_value());
    CHECK(parsed->front().config.at("cleanup.policy") == "compact");
    CHECK_FALSE(parsed->front().config.contains("retention.ms"));
}

TEST_CASE("what is wrong is named with its line") {
    CHECK(refusal_with("retension_ms: 1") == "topics.yaml:15: unknown key retension_ms");
    CHECK(refusal_with("name: other") == "topics.yaml:15: key name stands twice");
    CHECK(
        refusal_with("partitions: many") ==
        "topics.yaml:15: partitions must be a number from 1 to 1000"
    );
    CHECK(
        refusal_with("partitions: 0") ==
        "topics.yaml:15: partitions must be a number from 1 to 1000"
    );
    CHECK(
        refusal_with("declassifiers: [gateway]") ==
        "topics.yaml:15: declassifier gateway is no producer of ai.requests"
    );
    CHECK(refusal_with("cleanup: shred") == "topics.yaml:15: cleanup must be delete or compact");
}

TEST_CASE("a missing key is named with the topic's line") {
    CHECK(refusal(std::string(kHead) + "  - name: a\n") == "topics.yaml:9: key key is missing");
    CHECK(refusal("version: 1\n") == "topics.yaml:1: key defaults is missing");
}

TEST_CASE("broken YAML is named with its line") {
    CHECK_THAT(refusal(std::string(kHead) + "  - name: [a\n"), Catch::StartsWith("topics.yaml:1"));
}

TEST_CASE("another version, no topic at all and an empty file are refused") {
    CHECK(refusal("version: 2\n") == "topics.yaml:1: version must be a number from 1 to 1");
    CHECK_THAT(refusal(std::string(kHead) + "  []\n"), Catch::Contains("at least one topic"));
    CHECK_THAT(refusal(""), Catch::StartsWith("topics.yaml"));
}

TEST_CASE("a topic that is listed twice is refused") {
    CHECK(
        refusal(std::string(kHead) + kTopic + kTopic) ==
        "topics.yaml:15: topic ai.requests is listed twice"
    );
}

TEST_CASE("content cannot outlive a day") {
    CHECK_THAT(refusal_with("retention_ms: 72000001"), Catch::Contains("at most 24 h"));
    CHECK_THAT(refusal_with("cleanup: compact"), Catch::Contains("never compacted"));
}

TEST_CASE("a principal that no certificate could carry is refused") {
    const std::string text = std::string(kHead) + kTopic;
    for (const std::string name : {"User:ai-reply", "'*'", "'a,b'", "''", "Ai"}) {
        auto changed = text;
        changed.replace(changed.find("[ai-reply]"), 10, "[" + name + "]");
        CHECK_THAT(refusal(changed), Catch::StartsWith("topics.yaml:14: consumers: a principal"));
    }
}

TEST_CASE("the project's own list is accepted") {
    std::ifstream file(TECNOCHAT_SOURCE_DIR "/deploy/topics.yaml");
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    const auto parsed = parse_topics(text, "deploy/topics.yaml");
    INFO((parsed ? std::string() : parsed.error().message));
    REQUIRE(parsed.has_value());
    CHECK(parsed->size() >= 11);
}
