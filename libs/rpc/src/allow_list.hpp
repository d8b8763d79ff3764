#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tecnochat/core/result.hpp"

namespace tecnochat::rpc {

/// One service's section of deploy/rpc.yaml: who may call which method. What is not listed is
/// refused.
class AllowList {
 public:
    /// kInvalidArgument, with the file's name, for anything that is not exactly the expected shape:
    /// a list that is half understood would refuse or admit the wrong callers.
    static Result<AllowList> load(const std::string& path, const std::string& service);

    /// `method` as it is on the wire, "/tecnochat.knowledge.v1.KnowledgeService/GetItem".
    [[nodiscard]] bool allows(std::string_view caller, std::string_view method) const;
    [[nodiscard]] std::vector<std::string> methods() const;

 private:
    using Callers = std::set<std::string, std::less<>>;
    std::map<std::string, Callers, std::less<>> callers_by_method_;
};

}  // namespace tecnochat::rpc
