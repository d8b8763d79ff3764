// Goal: the two lists that everything else is derived from (deploy/topics.yaml, deploy/rpc.yaml)
// agree with the code and with each other.
#include <google/protobuf/descriptor.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

#include "tecnochat/ai/v1/events.pb.h"
#include "tecnochat/conversations/v1/conversations_service.pb.h"
#include "tecnochat/kafka/topics.hpp"
#include "tecnochat/knowledge/v1/knowledge_service.pb.h"
#include "tecnochat/whatsapp/v1/events.pb.h"
#include "tecnochat/whatsapp/v1/whatsapp_service.pb.h"

namespace tecnochat {
namespace {

YAML::Node topics_file() {
    return YAML::LoadFile(TECNOCHAT_SOURCE_DIR "/deploy/topics.yaml");
}
YAML::Node rpc_file() {
    return YAML::LoadFile(TECNOCHAT_SOURCE_DIR "/deploy/rpc.yaml");
}

/// Touching one message of each file makes sure that its descriptors are linked in.
const google::protobuf::DescriptorPool& pool() {
    static_cast<void>(ai::v1::AiRequest::descriptor());
    static_cast<void>(whatsapp::v1::InboundMessage::descriptor());
    static_cast<void>(whatsapp::v1::RegisterChannelRequest::descriptor());
    static_cast<void>(knowledge::v1::KnowledgeItem::descriptor());
    static_cast<void>(conversations::v1::Conversation::descriptor());
    return *google::protobuf::DescriptorPool::generated_pool();
}

}  // namespace

TEST_CASE("the code knows exactly the topics of deploy/topics.yaml") {
    std::set<std::string> listed;
    for (const auto& topic : topics_file()["topics"])
        listed.insert(topic["name"].as<std::string>());
    const std::set<std::string> known(kafka::topics::kAll.begin(), kafka::topics::kAll.end());
    CHECK(listed == known);
}

TEST_CASE(
    "every topic names an existing message, a data class, and lives at most 24 hours if it holds "
    "content"
) {
    const auto file = topics_file();
    const std::set<std::string> classes{"CONTENT", "CALENDAR", "METADATA", "CONTROL"};
    for (const auto& topic : file["topics"]) {
        const auto name = topic["name"].as<std::string>();
        INFO(name);
        const auto message = topic["message"].as<std::string>();
        if (!name.starts_with("dead-letters."))
            CHECK(pool().FindMessageTypeByName(message) != nullptr);
        CHECK(classes.contains(topic["data_class"].as<std::string>()));
        CHECK(topic["producers"].size() >= 1);
        const auto setting = [&](const char* key) {
            return topic[key] ? topic[key].as<long>() : file["defaults"][key].as<long>();
        };
        const bool compacted = topic["cleanup"] && topic["cleanup"].as<std::string>() == "compact";
        if (!compacted) CHECK(setting("retention_ms") + setting("segment_ms") <= 24L * 3600 * 1000);
        // Content may never lie in a compacted topic: it would stay for good.
        if (compacted) CHECK(topic["data_class"].as<std::string>() != "CONTENT");
    }
}

TEST_CASE("deploy/rpc.yaml lists every method of every service, and no other") {
    std::set<std::string> listed;
    std::set<std::string> services;
    for (const auto& server : rpc_file()["services"]) {
        for (const auto& service : server.second) {
            services.insert(service.first.as<std::string>());
            for (const auto& method : service.second)
                listed.insert(
                    service.first.as<std::string>() + "." + method.first.as<std::string>()
                );
        }
    }
    std::set<std::string> declared;
    for (const auto& name : services) {
        const auto* service = pool().FindServiceByName(name);
        REQUIRE(service != nullptr);
        for (int i = 0; i < service->method_count(); ++i)
            declared.insert(service->method(i)->full_name());
    }
    CHECK(listed == declared);
}

TEST_CASE("ai-reply and calendar never stand on one topic or method") {
    for (const auto& topic : topics_file()["topics"]) {
        std::set<std::string> parties;
        for (const char* role : {"producers", "consumers"}) {
            for (const auto& party : topic[role]) parties.insert(party.as<std::string>());
        }
        INFO(topic["name"].as<std::string>());
        CHECK_FALSE((parties.contains("ai-reply") && parties.contains("calendar")));
        if (parties.contains("ai-reply"))
            CHECK(topic["data_class"].as<std::string>() != "CALENDAR");
    }
    for (const auto& server : rpc_file()["services"]) {
        for (const auto& service : server.second) {
            for (const auto& method : service.second) {
                for (const auto& caller : method.second) {
                    const std::set<std::string> pair{
                        server.first.as<std::string>(), caller.as<std::string>()
                    };
                    CHECK(pair != std::set<std::string>{"ai-reply", "calendar"});
                }
            }
        }
    }
}

}  // namespace tecnochat
