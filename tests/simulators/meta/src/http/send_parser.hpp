#pragma once

#include <string>
#include <variant>

#include "domain/graph_error.hpp"
#include "domain/send_request.hpp"

namespace tecnochat::meta_simulator {

/// Reads the JSON body of POST …/messages. Only malformed JSON and fields of the wrong JSON type
/// are errors here; what the values mean is check_send_request's business.
std::variant<GraphError, SendRequest> parse_send_request(const std::string& body);

}  // namespace tecnochat::meta_simulator
