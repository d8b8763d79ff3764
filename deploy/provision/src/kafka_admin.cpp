#include "kafka_admin.hpp"

#include <fmt/core.h>
#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <array>
#include <span>
#include <utility>

namespace tecnochat::provision {
namespace {

static_assert(int(Resource::kTopic) == RD_KAFKA_RESOURCE_TOPIC);
static_assert(int(Resource::kGroup) == RD_KAFKA_RESOURCE_GROUP);
static_assert(int(Resource::kCluster) == RD_KAFKA_RESOURCE_BROKER);
static_assert(int(Pattern::kLiteral) == RD_KAFKA_RESOURCE_PATTERN_LITERAL);
static_assert(int(Pattern::kPrefixed) == RD_KAFKA_RESOURCE_PATTERN_PREFIXED);
static_assert(int(Permission::kDeny) == RD_KAFKA_ACL_PERMISSION_TYPE_DENY);
static_assert(int(Permission::kAllow) == RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW);
static_assert(int(Operation::kAll) == RD_KAFKA_ACL_OPERATION_ALL);
static_assert(int(Operation::kRead) == RD_KAFKA_ACL_OPERATION_READ);
static_assert(int(Operation::kIdempotentWrite) == RD_KAFKA_ACL_OPERATION_IDEMPOTENT_WRITE);

/// unique_ptr over one of librdkafka's destroy functions.
template <auto kDestroy>
struct Destroy {
    template <class T>
    void operator()(T* handle) const noexcept {
        kDestroy(handle);
    }
};
using Conf = std::unique_ptr<rd_kafka_conf_t, Destroy<rd_kafka_conf_destroy>>;
using Queue = std::unique_ptr<rd_kafka_queue_t, Destroy<rd_kafka_queue_destroy>>;
using Event = std::unique_ptr<rd_kafka_event_t, Destroy<rd_kafka_event_destroy>>;
using Options = std::unique_ptr<rd_kafka_AdminOptions_t, Destroy<rd_kafka_AdminOptions_destroy>>;
using NewTopic = std::unique_ptr<rd_kafka_NewTopic_t, Destroy<rd_kafka_NewTopic_destroy>>;
using ConfigResource =
    std::unique_ptr<rd_kafka_ConfigResource_t, Destroy<rd_kafka_ConfigResource_destroy>>;
using Binding = std::unique_ptr<rd_kafka_AclBinding_t, Destroy<rd_kafka_AclBinding_destroy>>;

using ErrorText = std::array<char, 512>;

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

Error error_of(rd_kafka_resp_err_t code, const char* text, std::string_view doing) {
    const bool is_away = code == RD_KAFKA_RESP_ERR__TRANSPORT ||
                         code == RD_KAFKA_RESP_ERR__TIMED_OUT ||
                         code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN;
    return make_error(
        is_away ? ErrorCode::kUnavailable : ErrorCode::kFailedPrecondition,
        fmt::format("{}: {}", doing, text != nullptr ? text : rd_kafka_err2str(code))
    );
}

/// The bare pointers of owned handles, as librdkafka's array arguments want them.
template <class Handle>
auto pointers(const std::vector<Handle>& handles) {
    std::vector<typename Handle::pointer> result;
    result.reserve(handles.size());
    for (const auto& handle : handles) result.push_back(handle.get());
    return result;
}

/// Sends one admin request by calling `send(options, queue)` and waits for its answer.
template <class Send>
Result<Event> ask(
    rd_kafka_t* client,
    Deadline deadline,
    rd_kafka_admin_op_t operation,
    std::string_view doing,
    Send send
) {
    const auto budget_ms = static_cast<int>(deadline.remaining().count());
    if (budget_ms == 0)
        return make_error(ErrorCode::kDeadlineExceeded, fmt::format("{}: no time left", doing));
    const Options options(rd_kafka_AdminOptions_new(client, operation));
    ErrorText text{};
    rd_kafka_AdminOptions_set_request_timeout(options.get(), budget_ms, text.data(), text.size());
    if (operation == RD_KAFKA_ADMIN_OP_CREATETOPICS) {
        // How long the broker itself may wait until the topics exist everywhere.
        rd_kafka_AdminOptions_set_operation_timeout(
            options.get(), budget_ms, text.data(), text.size()
        );
    }
    const Queue queue(rd_kafka_queue_new(client));
    send(options.get(), queue.get());
    Event event(rd_kafka_queue_poll(queue.get(), budget_ms));
    if (!event) return error_of(RD_KAFKA_RESP_ERR__TIMED_OUT, nullptr, doing);
    if (const auto code = rd_kafka_event_error(event.get()); code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return error_of(code, rd_kafka_event_error_string(event.get()), doing);
    }
    return event;
}

Status check(const rd_kafka_error_t* error, std::string_view doing) {
    if (error == nullptr) return ok();
    return error_of(rd_kafka_error_code(error), rd_kafka_error_string(error), doing);
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

Result<Binding> to_binding(const Acl& acl) {
    ErrorText text{};
    Binding binding(rd_kafka_AclBinding_new(
        static_cast<rd_kafka_ResourceType_t>(acl.resource),
        acl.name.c_str(),
        static_cast<rd_kafka_ResourcePatternType_t>(acl.pattern),
        acl.principal.c_str(),
        acl.host.c_str(),
        static_cast<rd_kafka_AclOperation_t>(acl.operation),
        static_cast<rd_kafka_AclPermissionType_t>(acl.permission),
        text.data(),
        text.size()
    ));
    // librdkafka 2.0.2 knows no transactional ids or tokens: such a right it can show, not name.
    if (!binding) {
        return make_error(
            ErrorCode::kUnimplemented,
            fmt::format("{} (remove it with Kafka's own tools): {}", describe(acl), text.data())
        );
    }
    return binding;
}

Acl from_binding(const rd_kafka_AclBinding_t* binding) {
    return Acl{
        .principal = rd_kafka_AclBinding_principal(binding),
        .resource = static_cast<Resource>(rd_kafka_AclBinding_restype(binding)),
        .name = rd_kafka_AclBinding_name(binding),
        .operation = static_cast<Operation>(rd_kafka_AclBinding_operation(binding)),
        .pattern = static_cast<Pattern>(rd_kafka_AclBinding_resource_pattern_type(binding)),
        .host = rd_kafka_AclBinding_host(binding),
        .permission = static_cast<Permission>(rd_kafka_AclBinding_permission_type(binding)),
    };
}

Result<std::vector<Binding>> to_bindings(const std::vector<Acl>& acls) {
    std::vector<Binding> bindings;
    for (const auto& acl : acls) {
        TECNOCHAT_TRY(auto binding, to_binding(acl));
        bindings.push_back(std::move(binding));
    }
    return bindings;
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
        {"ssl.ca.location", identity.ca},
        {"ssl.certificate.location", identity.cert},
        {"ssl.key.location", identity.key},
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

Result<std::set<Acl>> KafkaAdmin::acls() {
    ErrorText text{};
    const Binding everything(rd_kafka_AclBindingFilter_new(
        RD_KAFKA_RESOURCE_ANY,
        nullptr,
        RD_KAFKA_RESOURCE_PATTERN_ANY,
        nullptr,
        nullptr,
        RD_KAFKA_ACL_OPERATION_ANY,
        RD_KAFKA_ACL_PERMISSION_TYPE_ANY,
        text.data(),
        text.size()
    ));
    TECNOCHAT_TRY(
        const auto event,
        ask(client_.get(),
            deadline_,
            RD_KAFKA_ADMIN_OP_DESCRIBEACLS,
            "listing rights",
            [&](auto* options, auto* queue) {
                rd_kafka_DescribeAcls(client_.get(), everything.get(), options, queue);
            })
    );
    std::size_t count = 0;
    const auto** bindings =
        rd_kafka_DescribeAcls_result_acls(rd_kafka_event_DescribeAcls_result(event.get()), &count);
    std::set<Acl> result;
    for (const auto* binding : std::span(bindings, count)) result.insert(from_binding(binding));
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

Status KafkaAdmin::create_acls(const std::vector<Acl>& acls) {
    if (acls.empty()) return ok();
    TECNOCHAT_TRY(const auto bindings, to_bindings(acls));
    TECNOCHAT_TRY(
        const auto event,
        ask(client_.get(),
            deadline_,
            RD_KAFKA_ADMIN_OP_CREATEACLS,
            "granting rights",
            [&](auto* options, auto* queue) {
                auto list = pointers(bindings);
                rd_kafka_CreateAcls(client_.get(), list.data(), list.size(), options, queue);
            })
    );
    std::size_t count = 0;
    const auto** answers =
        rd_kafka_CreateAcls_result_acls(rd_kafka_event_CreateAcls_result(event.get()), &count);
    for (const auto* answer : std::span(answers, count)) {
        TECNOCHAT_CHECK(check(rd_kafka_acl_result_error(answer), "granting a right"));
    }
    return ok();
}

Status KafkaAdmin::delete_acls(const std::vector<Acl>& acls) {
    if (acls.empty()) return ok();
    // A binding in which nothing is ANY is the filter that matches exactly itself.
    TECNOCHAT_TRY(const auto filters, to_bindings(acls));
    TECNOCHAT_TRY(
        const auto event,
        ask(client_.get(),
            deadline_,
            RD_KAFKA_ADMIN_OP_DELETEACLS,
            "removing rights",
            [&](auto* options, auto* queue) {
                auto list = pointers(filters);
                rd_kafka_DeleteAcls(client_.get(), list.data(), list.size(), options, queue);
            })
    );
    std::size_t count = 0;
    const auto** answers =
        rd_kafka_DeleteAcls_result_responses(rd_kafka_event_DeleteAcls_result(event.get()), &count);
    for (const auto* answer : std::span(answers, count)) {
        TECNOCHAT_CHECK(check(rd_kafka_DeleteAcls_result_response_error(answer), "removing a right")
        );
    }
    return ok();
}

}  // namespace tecnochat::provision
