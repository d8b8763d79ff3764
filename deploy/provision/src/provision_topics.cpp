#include "provision_topics.hpp"

#include <fmt/core.h>

#include <chrono>
#include <set>
#include <string>
#include <thread>

namespace tecnochat::provision {
namespace {

/// The topics of the file that are there already; those that are not come out in `missing`.
Result<std::vector<Topic>> existing_topics(
    const std::vector<Topic>& topics,
    const std::map<std::string, int>& partitions,
    std::vector<Topic>& missing
) {
    std::vector<Topic> existing;
    for (const auto& topic : topics) {
        const auto found = partitions.find(topic.name);
        if (found == partitions.end()) {
            missing.push_back(topic);
        } else if (found->second != topic.partitions) {
            return make_error(
                ErrorCode::kFailedPrecondition,
                fmt::format(
                    "topic {} has {} partitions and the file says {}: the number is fixed for good",
                    topic.name,
                    found->second,
                    topic.partitions
                )
            );
        } else {
            existing.push_back(topic);
        }
    }
    return existing;
}

Result<int> provision_configs(
    const std::vector<Topic>& topics, KafkaAdmin& admin, std::ostream& out
) {
    std::vector<std::string> names;
    for (const auto& topic : topics) names.push_back(topic.name);
    TECNOCHAT_TRY(auto configs, admin.topic_configs(names));
    std::vector<Topic> differing;
    for (const auto& topic : topics) {
        if (configs[topic.name] != topic.config) differing.push_back(topic);
    }
    TECNOCHAT_CHECK(admin.replace_configs(differing));
    for (const auto& topic : differing)
        out << "changed the settings of topic " << topic.name << '\n';
    return static_cast<int>(differing.size());
}

/// The broker that confirms a change applies it up to half a second later (measured on two cores).
/// A service that starts in between would be refused its own topics, so we wait; topics created
/// before are then known everywhere too, for the broker applies changes in order. Ends by the
/// admin's deadline.
Status await_acls(const std::set<Acl>& wanted, KafkaAdmin& admin) {
    constexpr std::chrono::milliseconds kPause{20};
    while (true) {
        TECNOCHAT_TRY(const auto existing, admin.acls());
        const auto changes = compare_acls(wanted, existing);
        if (changes.missing.empty() && changes.stale.empty()) return ok();
        std::this_thread::sleep_for(kPause);
    }
}

Result<int> provision_acls(const std::vector<Topic>& topics, KafkaAdmin& admin, std::ostream& out) {
    const auto wanted = derive_acls(topics);
    TECNOCHAT_TRY(const auto existing, admin.acls());
    const auto changes = compare_acls(wanted, existing);
    TECNOCHAT_CHECK(admin.create_acls(changes.missing));
    for (const auto& acl : changes.missing) out << "granted " << describe(acl) << '\n';
    TECNOCHAT_CHECK(admin.delete_acls(changes.stale));
    for (const auto& acl : changes.stale) out << "removed " << describe(acl) << '\n';
    TECNOCHAT_CHECK(await_acls(wanted, admin));
    return static_cast<int>(changes.missing.size() + changes.stale.size());
}

}  // namespace

Result<int> provision_topics(
    const std::vector<Topic>& topics, KafkaAdmin& admin, std::ostream& out
) {
    TECNOCHAT_TRY(const auto partitions, admin.partitions());
    std::vector<Topic> missing;
    TECNOCHAT_TRY(const auto existing, existing_topics(topics, partitions, missing));
    TECNOCHAT_CHECK(admin.create_topics(missing));
    for (const auto& topic : missing) out << "created topic " << topic.name << '\n';
    TECNOCHAT_TRY(const int configs, provision_configs(existing, admin, out));
    TECNOCHAT_TRY(const int acls, provision_acls(topics, admin, out));
    return static_cast<int>(missing.size()) + configs + acls;
}

}  // namespace tecnochat::provision
