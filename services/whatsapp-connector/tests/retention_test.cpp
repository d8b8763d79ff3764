// Goal: what the service remembers outlives whatever may ask for the same send again.
#include <yaml-cpp/yaml.h>

#include <catch2/catch.hpp>

#include "config.hpp"

namespace tecnochat::whatsapp_connector {
namespace {

/// A setting of a topic in milliseconds, as deploy/topics.yaml lists it.
Milliseconds topic_setting(const std::string& topic, const std::string& name) {
    const auto file = YAML::LoadFile(TECNOCHAT_SOURCE_DIR "/deploy/topics.yaml");
    for (const auto& listed : file["topics"]) {
        if (listed["name"].as<std::string>() == topic && listed[name])
            return Milliseconds(listed[name].as<std::int64_t>());
    }
    return Milliseconds(file["defaults"][name].as<std::int64_t>());
}

}  // namespace

TEST_CASE("a send is remembered for longer than its order can come again and be posted") {
    const auto order_lives = topic_setting("whatsapp.outbound", "retention_ms") +
                             topic_setting("whatsapp.outbound", "segment_ms");
    const auto window_is_open = std::chrono::hours(24);
    CHECK(kSendsKeptAtLeast > order_lives);
    CHECK(kSendsKeptAtLeast > window_is_open);
}

}  // namespace tecnochat::whatsapp_connector
