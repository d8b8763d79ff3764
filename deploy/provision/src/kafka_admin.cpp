#include "kafka_admin.hpp"

#include <fmt/core.h>

#include <array>
#include <span>
#include <utility>

#include "admin_request.hpp"

namespace tecnochat::provision {
namespace {

using Conf = std::unique_ptr<rd_kafka_conf_t, Destroy<rd_kafka_conf_destroy>>;
using NewTopic = std::unique_ptr<rd_kafka_NewTopic_t, Destroy<rd_kafka_NewTopic_destroy>>;
using ConfigResource =
    std::unique_ptr<rd_kafka_ConfigResource_t, Destroy<rd_kafka_ConfigResource_destroy>>;

/// Why the brokers cannot be reached, in the words of the last failed connection; else empty.
std::string connection_trouble(rd_kafka_t* client) {
    const Queue events(rd_kafka_queue_get_main(client));
    std::string last;
    while (const Event event{rd_kafka_queue_poll(events.get(), 0)}) {
        const auto code = rd_kafka_event_error(event.get());
        // "All brokers are down" only sums up what was said before it.
        if (code != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN && code != RD_KAFKA_RESP_ERR_NO_ERROR) {
            last = rd_kafka_event_error_string(event.get());
        }
    }
    return last;
}

Status check_resources(
    const rd_kafka_ConfigResource_t** resources, std::size_t count, std::string_view doing
) {
    for (const auto* resource : std::span(resources, count)) {
        if (const auto code = rd_kafka_ConfigResource_error(resource);
            code != RD_KAFKA_RESP_ERR_NO_ERROR) {
            return error_of(
                code,
                rd_kafka_ConfigResource_error_string(resource),
                fmt::format("{} of {}", doing, rd_kafka_ConfigResource_name(resource))
            );
        }
    }
    return ok();
}

Result<NewTopic> to_new_topic(const Topic& topic) {
    ErrorText text{};
    NewTopic result(rd_kafka_NewTopic_new(
        topic.name.c_str(), topic.partitions, topic.replication, text.data(), text.size()
    ));
    if (!result) {
        return make_error(
            ErrorCode::kInvalidArgument, fmt::format("topic {}: {}", topic.name, text.data())
        );
    }
    for (const auto& [name, value] : topic.config) {
        rd_kafka_NewTopic_set_config(result.get(), name.c_str(), value.c_str());
    }
    return result;
}

}  // namespace

void KafkaAdmin::ClientDeleter::operator()(rd_kafka_s* client) const noexcept {
    rd_kafka_destroy(client);
}

Result<KafkaAdmin> KafkaAdmin::connect(const KafkaIdentity& identity, Deadline deadline) {
    const std::array<std::pair<const char*, std::string>, 7> settings{{
        {"bootstrap.servers", identity.brokers},
        {"security.protocol", "ssl"},
        {"ssl.ca.location", identity.tls.ca},
        {"ssl.certificate.location", identity.tls.certificate},
        {"ssl.key.location", identity.tls.key},
        {"client.id", "tecnochat-provision"},
        // Connection failures are reported by the call that suffers them, not line by line.
        {"log_level", "0"},
    }};
    Conf conf(rd_kafka_conf_new());
    rd_kafka_conf_set_events(conf.get(), RD_KAFKA_EVENT_ERROR);
    ErrorText text{};
    for (const auto& [name, value] : settings) {
        if (rd_kafka_conf_set(conf.get(), name, value.c_str(), text.data(), text.size()) !=
            RD_KAFKA_CONF_OK) {
            return make_error(ErrorCode::kInvalidArgument, text.data());
        }
    }
    Client client(rd_kafka_new(RD_KAFKA_PRODUCER, conf.get(), text.data(), text.size()));
    if (!client) return make_error(ErrorCode::kInvalidArgument, text.data());
    static_cast<void>(conf.release());  // rd_kafka_new took it over
    return KafkaAdmin(std::move(client), deadline);
}

Result<std::map<std::string, int>> KafkaAdmin::partitions() {
    const rd_kafka_metadata_t* raw = nullptr;
    const auto budget_ms = static_cast<int>(deadline_.remaining().count());
    const auto code = rd_kafka_metadata(client_.get(), 1, nullptr, &raw, budget_ms);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        const auto trouble = connection_trouble(client_.get());
        return error_of(code, trouble.empty() ? nullptr : trouble.c_str(), "listing topics");
    }
    const std::unique_ptr<const rd_kafka_metadata_t, Destroy<rd_kafka_metadata_destroy>> metadata(
        raw
    );
    std::map<std::string, int> result;
    for (const auto& topic :
         std::span(metadata->topics, static_cast<std::size_t>(metadata->topic_cnt))) {
        result[topic.topic] = topic.partition_cnt;
    }
    return result;
}

Result<std::map<std::string, TopicConfig>> KafkaAdmin::topic_configs(
    const std::vector<std::string>& names
) {
    std::map<std::string, TopicConfig> result;
    if (names.empty()) return result;
    std::vector<ConfigResource> resources;
    for (const auto& name : names) {
        resources.emplace_back(rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, name.c_str()));
    }
    constexpr std::string_view kDoing = "reading the settings";
    TECNOCHAT_TRY(
        const auto event,
        ask(client_.get(),
            deadline_,
            RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS,
            kDoing,
            [&](auto* options, auto* queue) {
                auto list = pointers(resources);
                rd_kafka_DescribeConfigs(client_.get(), list.data(), list.size(), options, queue);
            })
    );
    std::size_t count = 0;
    const auto** answers = rd_kafka_DescribeConfigs_result_resources(
        rd_kafka_event_DescribeConfigs_result(event.get()), &count
    );
    TECNOCHAT_CHECK(check_resources(answers, count, kDoing));
    for (const auto* answer : std::span(answers, count)) {
        auto& config = result[rd_kafka_ConfigResource_name(answer)];
        std::size_t entries = 0;
        const auto** list = rd_kafka_ConfigResource_configs(answer, &entries);
        for (const auto* entry : std::span(list, entries)) {
            const char* value = rd_kafka_ConfigEntry_value(entry);
            if (rd_kafka_ConfigEntry_source(entry) == RD_KAFKA_CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG &&
                value != nullptr) {
                config[rd_kafka_ConfigEntry_name(entry)] = value;
            }
        }
    }
    return result;
}

Status KafkaAdmin::create_topics(const std::vector<Topic>& topics) {
    if (topics.empty()) return ok();
    std::vector<NewTopic> handles;
    for (const auto& topic : topics) {
        TECNOCHAT_TRY(auto handle, to_new_topic(topic));
        handles.push_back(std::move(handle));
    }
    TECNOCHAT_TRY(
        const auto event,
        ask(client_.get(),
            deadline_,
            RD_KAFKA_ADMIN_OP_CREATETOPICS,
            "creating topics",
            [&](auto* options, auto* queue) {
                auto list = pointers(handles);
                rd_kafka_CreateTopics(client_.get(), list.data(), list.size(), options, queue);
            })
    );
    std::size_t count = 0;
    const auto** answers = rd_kafka_CreateTopics_result_topics(
        rd_kafka_event_CreateTopics_result(event.get()), &count
    );
    for (const auto* answer : std::span(answers, count)) {
        const auto code = rd_kafka_topic_result_error(answer);
        // Somebody else provisioning at the same moment was faster: that is what we wanted.
        if (code == RD_KAFKA_RESP_ERR_NO_ERROR || code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
            continue;
        return error_of(
            code,
            rd_kafka_topic_result_error_string(answer),
            fmt::format("creating topic {}", rd_kafka_topic_result_name(answer))
        );
    }
    return ok();
}

Status KafkaAdmin::replace_configs(const std::vector<Topic>& topics) {
    if (topics.empty()) return ok();
    std::vector<ConfigResource> resources;
    for (const auto& topic : topics) {
        resources.emplace_back(
            rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.name.c_str())
        );
        for (const auto& [name, value] : topic.config) {
            rd_kafka_ConfigResource_set_config(resources.back().get(), name.c_str(), value.c_str());
        }
    }
    constexpr std::string_view kDoing = "changing the settings";
    TECNOCHAT_TRY(
        const auto event,
        ask(client_.get(),
            deadline_,
            RD_KAFKA_ADMIN_OP_ALTERCONFIGS,
            kDoing,
            [&](auto* options, auto* queue) {
                auto list = pointers(resources);
                rd_kafka_AlterConfigs(client_.get(), list.data(), list.size(), options, queue);
            })
    );
    std::size_t count = 0;
    const auto** answers = rd_kafka_AlterConfigs_result_resources(
        rd_kafka_event_AlterConfigs_result(event.get()), &count
    );
    return check_resources(answers, count, kDoing);
}

}  // namespace tecnochat::provision
