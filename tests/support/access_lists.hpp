#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

namespace tecnochat::scenarios {

/// deploy/topics.yaml as tests need it.
struct Topic {
    std::string name;
    std::string message;  // full name of the Protobuf message
    std::set<std::string> producers;
    std::set<std::string> consumers;
};
std::vector<Topic> topics();

/// deploy/rpc.yaml: "/package.Service/Method" -> callers, per serving service.
std::map<std::string, std::map<std::string, std::set<std::string>>> rpc_callers();

/// Every identity the dev stack issues that is not a super user of a part.
std::vector<std::string> principals();

}  // namespace tecnochat::scenarios
