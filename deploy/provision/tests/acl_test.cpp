// Goal: principals have exactly the rights of the file: nothing more, nothing by pattern.

#include "acl.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>
#include <string>

using namespace tecnochat::provision;

namespace {

Topic topic(
    std::string name, std::vector<std::string> producers, std::vector<std::string> consumers
) {
    Topic result;
    result.name = std::move(name);
    result.producers = std::move(producers);
    result.consumers = std::move(consumers);
    return result;
}

std::set<std::string> described(const std::set<Acl>& acls) {
    std::set<std::string> lines;
    for (const auto& acl : acls) lines.insert(describe(acl));
    return lines;
}

}  // namespace

TEST_CASE("a producer may write, describe and be idempotent") {
    CHECK(
        described(derive_acls({topic("ai.replies", {"ai-reply"}, {})})) ==
        std::set<std::string>{
            "ai-reply: WRITE on topic ai.replies",
            "ai-reply: DESCRIBE on topic ai.replies",
            "ai-reply: IDEMPOTENT_WRITE on cluster kafka-cluster",
        }
    );
}

TEST_CASE("a consumer may read the topic, in its own group of that topic alone") {
    CHECK(
        described(derive_acls({topic("ai.replies", {}, {"message-router"})})) ==
        std::set<std::string>{
            "message-router: READ on topic ai.replies",
            "message-router: DESCRIBE on topic ai.replies",
            "message-router: READ on group message-router.ai.replies",
        }
    );
}

TEST_CASE("rights that follow from two topics stand once") {
    const auto acls = derive_acls({topic("a", {"x"}, {}), topic("b", {"x"}, {"x"})});
    const auto clusterwide = std::ranges::count_if(acls, [](const Acl& acl) {
        return acl.resource == Resource::kCluster;
    });
    CHECK(clusterwide == 1);
    CHECK(acls.size() == 1 + 2 + 3 + 1);  // DESCRIBE on b, from both sides, once
}

TEST_CASE("nothing is granted by prefix, wildcard or for everybody") {
    for (const auto& acl : derive_acls({topic("a", {"x"}, {"y"}), topic("b", {"y"}, {"x"})})) {
        CHECK(acl.pattern == Pattern::kLiteral);
        CHECK(acl.permission == Permission::kAllow);
        CHECK(acl.name.find('*') == std::string::npos);
        CHECK(acl.principal.find('*') == std::string::npos);
    }
}

TEST_CASE("a cluster that agrees needs no change") {
    const auto wanted = derive_acls({topic("a", {"x"}, {"y"})});
    const auto changes = compare_acls(wanted, wanted);
    CHECK(changes.missing.empty());
    CHECK(changes.stale.empty());
}

TEST_CASE("missing rights are granted") {
    const auto wanted = derive_acls({topic("a", {"x"}, {"y"})});
    const auto changes = compare_acls(wanted, {});
    CHECK(std::set<Acl>(changes.missing.begin(), changes.missing.end()) == wanted);
    CHECK(changes.stale.empty());
}

TEST_CASE("a known principal's other rights are stale, whatever their form") {
    const auto wanted = derive_acls({topic("a", {"x"}, {})});
    auto prefixed = *wanted.begin();
    prefixed.pattern = Pattern::kPrefixed;
    auto denied = *wanted.begin();
    denied.permission = Permission::kDeny;
    auto hosted = *wanted.begin();
    hosted.host = "127.0.0.1";
    auto foreign = *derive_acls({topic("b", {"x"}, {})}).rbegin();
    foreign.name = "b";
    const std::set<Acl> extra{prefixed, denied, hosted, foreign};
    auto existing = wanted;
    existing.insert(extra.begin(), extra.end());

    const auto changes = compare_acls(wanted, existing);
    CHECK(changes.missing.empty());
    CHECK(std::set<Acl>(changes.stale.begin(), changes.stale.end()) == extra);
}

TEST_CASE("a principal that the file does not name keeps its rights") {
    const auto wanted = derive_acls({topic("a", {"x"}, {})});
    const auto others = derive_acls({topic("theirs", {"stranger"}, {"stranger"})});
    auto existing = wanted;
    existing.insert(others.begin(), others.end());
    CHECK(compare_acls(wanted, existing).stale.empty());
}

TEST_CASE("unusual rights are told apart in words") {
    Acl acl{
        .principal = "User:x",
        .resource = Resource::kTopic,
        .name = "a",
        .operation = Operation::kAll,
        .pattern = Pattern::kPrefixed,
        .host = "127.0.0.1",
        .permission = Permission::kDeny
    };
    CHECK(describe(acl) == "x: DENY ALL on topic a (as a prefix) from 127.0.0.1");
}
