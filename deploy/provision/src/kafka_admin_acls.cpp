// The part of KafkaAdmin that deals with rights.

#include <fmt/core.h>

#include <span>
#include <utility>

#include "admin_request.hpp"
#include "kafka_admin.hpp"

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

using Binding = std::unique_ptr<rd_kafka_AclBinding_t, Destroy<rd_kafka_AclBinding_destroy>>;

Status check(const rd_kafka_error_t* error, std::string_view doing) {
    if (error == nullptr) return ok();
    return error_of(rd_kafka_error_code(error), rd_kafka_error_string(error), doing);
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

}  // namespace

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
