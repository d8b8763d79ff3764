#include "acl.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>
#include <string_view>

namespace tecnochat::provision {
namespace {

std::string_view to_string(Resource resource) {
    switch (resource) {
        case Resource::kTopic:
            return "topic";
        case Resource::kGroup:
            return "group";
        case Resource::kCluster:
            return "cluster";
        case Resource::kUnknown:
            break;
    }
    return "unknown resource";
}

std::string_view to_string(Operation operation) {
    switch (operation) {
        case Operation::kAll:
            return "ALL";
        case Operation::kRead:
            return "READ";
        case Operation::kWrite:
            return "WRITE";
        case Operation::kCreate:
            return "CREATE";
        case Operation::kDelete:
            return "DELETE";
        case Operation::kAlter:
            return "ALTER";
        case Operation::kDescribe:
            return "DESCRIBE";
        case Operation::kClusterAction:
            return "CLUSTER_ACTION";
        case Operation::kDescribeConfigs:
            return "DESCRIBE_CONFIGS";
        case Operation::kAlterConfigs:
            return "ALTER_CONFIGS";
        case Operation::kIdempotentWrite:
            return "IDEMPOTENT_WRITE";
        case Operation::kUnknown:
            break;
    }
    return "unknown operation";
}

Acl grant(const std::string& service, Operation operation, Resource resource, std::string name) {
    return Acl{
        .principal = "User:" + service,
        .resource = resource,
        .name = std::move(name),
        .operation = operation
    };
}

}  // namespace

std::string describe(const Acl& acl) {
    return fmt::format(
        "{}: {}{} on {} {}{}{}",
        acl.principal.starts_with("User:") ? acl.principal.substr(5) : acl.principal,
        acl.permission == Permission::kDeny ? "DENY " : "",
        to_string(acl.operation),
        to_string(acl.resource),
        acl.name,
        acl.pattern == Pattern::kLiteral ? "" : " (as a prefix)",
        acl.host == "*" ? "" : " from " + acl.host
    );
}

std::set<Acl> derive_acls(const std::vector<Topic>& topics) {
    std::set<Acl> acls;
    for (const auto& topic : topics) {
        for (const auto& service : topic.producers) {
            acls.insert(grant(service, Operation::kWrite, Resource::kTopic, topic.name));
            acls.insert(grant(service, Operation::kDescribe, Resource::kTopic, topic.name));
            acls.insert(
                grant(service, Operation::kIdempotentWrite, Resource::kCluster, kClusterName)
            );
        }
        for (const auto& service : topic.consumers) {
            acls.insert(grant(service, Operation::kRead, Resource::kTopic, topic.name));
            acls.insert(grant(service, Operation::kDescribe, Resource::kTopic, topic.name));
            acls.insert(
                grant(service, Operation::kRead, Resource::kGroup, service + "." + topic.name)
            );
        }
    }
    return acls;
}

AclChanges compare_acls(const std::set<Acl>& wanted, const std::set<Acl>& existing) {
    std::set<std::string> principals;
    for (const auto& acl : wanted) principals.insert(acl.principal);

    AclChanges changes;
    std::ranges::set_difference(wanted, existing, std::back_inserter(changes.missing));
    std::ranges::set_difference(existing, wanted, std::back_inserter(changes.stale));
    std::erase_if(changes.stale, [&](const Acl& acl) {
        return !principals.contains(acl.principal);
    });
    return changes;
}

}  // namespace tecnochat::provision
