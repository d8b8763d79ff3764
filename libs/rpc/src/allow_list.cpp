#include "allow_list.hpp"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <stdexcept>

namespace tecnochat::rpc {
namespace {

/// Thrown and caught inside load(): yaml-cpp reports by exceptions too, so both end in one place.
[[noreturn]] void malformed(const std::string& what) {
    throw std::runtime_error(what);
}

void require_map(const YAML::Node& node, const std::string& what) {
    if (!node.IsMap()) malformed(what + " must be a map");
}

std::string scalar(const YAML::Node& node, const std::string& what) {
    if (!node.IsScalar() || node.Scalar().empty()) malformed(what + " must be a word");
    return node.Scalar();
}

}  // namespace

Result<AllowList> AllowList::load(const std::string& path, const std::string& service) {
    try {
        const YAML::Node root = YAML::LoadFile(path);
        require_map(root, "the file");
        if (!root["version"] || root["version"].as<int>() != 1) malformed("version must be 1");
        for (const auto& entry : root) {
            const std::string key = scalar(entry.first, "a key");
            if (key != "version" && key != "services") malformed("unknown key " + key);
        }
        require_map(root["services"], "services");
        const YAML::Node section = root["services"][service];
        if (!section) malformed("no section for the service " + service);
        require_map(section, service);

        AllowList list;
        for (const auto& contract : section) {
            const std::string contract_name = scalar(contract.first, "a contract");
            require_map(contract.second, contract_name);
            for (const auto& method : contract.second) {
                const std::string name =
                    fmt::format("/{}/{}", contract_name, scalar(method.first, "a method"));
                if (!method.second.IsSequence()) malformed(name + " must be a list of callers");
                const auto [it, is_new] = list.callers_by_method_.try_emplace(name);
                if (!is_new) malformed(name + " is listed twice");
                for (const auto& caller : method.second) {
                    it->second.insert(scalar(caller, "a caller of " + name));
                }
            }
        }
        return list;
    } catch (const std::exception& error) {
        return make_error(
            ErrorCode::kInvalidArgument, fmt::format("allow-list '{}': {}", path, error.what())
        );
    }
}

bool AllowList::allows(std::string_view caller, std::string_view method) const {
    const auto it = callers_by_method_.find(method);
    return it != callers_by_method_.end() && it->second.contains(caller);
}

std::vector<std::string> AllowList::methods() const {
    std::vector<std::string> names;
    names.reserve(callers_by_method_.size());
    for (const auto& [name, callers] : callers_by_method_) names.push_back(name);
    return names;
}

}  // namespace tecnochat::rpc
