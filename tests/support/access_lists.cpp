#include "support/access_lists.hpp"

#include <yaml-cpp/yaml.h>

namespace tecnochat::scenarios {
namespace {

std::set<std::string> names(const YAML::Node& list) {
    std::set<std::string> all;
    for (const auto& name : list) all.insert(name.as<std::string>());
    return all;
}

}  // namespace

std::vector<Topic> topics() {
    std::vector<Topic> all;
    for (const auto& topic : YAML::LoadFile(TECNOCHAT_SOURCE_DIR "/deploy/topics.yaml")["topics"]) {
        all.push_back(
            {topic["name"].as<std::string>(),
             topic["message"].as<std::string>(""),
             names(topic["producers"]),
             names(topic["consumers"])}
        );
    }
    return all;
}

std::map<std::string, std::map<std::string, std::set<std::string>>> rpc_callers() {
    std::map<std::string, std::map<std::string, std::set<std::string>>> all;
    for (const auto& server : YAML::LoadFile(TECNOCHAT_SOURCE_DIR "/deploy/rpc.yaml")["services"]) {
        for (const auto& service : server.second) {
            for (const auto& method : service.second) {
                const auto path =
                    "/" + service.first.as<std::string>() + "/" + method.first.as<std::string>();
                all[server.first.as<std::string>()][path] = names(method.second);
            }
        }
    }
    return all;
}

std::vector<std::string> principals() {
    return {
        "webhook-ingress",
        "message-router",
        "ai-reply",
        "whatsapp-connector",
        "gateway",
        "accounts",
        "provision",
        "phone"
    };
}

}  // namespace tecnochat::scenarios
