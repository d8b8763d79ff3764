#pragma once

#include <compare>
#include <set>
#include <string>
#include <vector>

#include "topics_file.hpp"

namespace tecnochat::provision {

// The numbers are those of Kafka's protocol, which librdkafka uses too (kafka_admin.cpp asserts
// it). What this tool never grants is listed so that it can be recognised and taken away.
enum class Resource { kUnknown = 0, kTopic = 2, kGroup = 3, kCluster = 4 };
enum class Pattern { kUnknown = 0, kLiteral = 3, kPrefixed = 4 };
enum class Permission { kUnknown = 0, kDeny = 2, kAllow = 3 };
enum class Operation {
    kUnknown = 0,
    kAll = 2,
    kRead = 3,
    kWrite = 4,
    kCreate = 5,
    kDelete = 6,
    kAlter = 7,
    kDescribe = 8,
    kClusterAction = 9,
    kDescribeConfigs = 10,
    kAlterConfigs = 11,
    kIdempotentWrite = 12,
};

/// The one name of a kCluster resource.
inline constexpr const char* kClusterName = "kafka-cluster";

/// One right in the broker. Those we want are literal, for any host, and allow.
struct Acl {
    std::string principal;  ///< as Kafka writes it, "User:<common name>"
    Resource resource = Resource::kUnknown;
    std::string name;
    Operation operation = Operation::kUnknown;
    Pattern pattern = Pattern::kLiteral;
    std::string host = "*";
    Permission permission = Permission::kAllow;

    auto operator<=>(const Acl&) const = default;
};

/// "message-router: READ on topic ai.replies", for the operator's eyes.
std::string describe(const Acl& acl);

/// Exactly the rights the topics grant: a producer may WRITE and DESCRIBE the topic and write
/// idempotently; a consumer may READ and DESCRIBE it and READ the group `<service>.<topic>`.
std::set<Acl> derive_acls(const std::vector<Topic>& topics);

struct AclChanges {
    std::vector<Acl> missing;
    std::vector<Acl> stale;
};

/// What has to change so that each principal in `wanted` has no more and no less. Other principals
/// are left alone: on a shared cluster they are somebody else's.
AclChanges compare_acls(const std::set<Acl>& wanted, const std::set<Acl>& existing);

}  // namespace tecnochat::provision
