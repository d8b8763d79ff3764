#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "tecnochat/core/result.hpp"

namespace tecnochat::config {

/// "kafka-brokers" -> TECNOCHAT_KAFKA_BROKERS; names in upper case stay as they are.
std::string variable_of(std::string_view name);
/// "kafka-brokers" -> --kafka-brokers; "META_GRAPH_URL" -> --meta-graph-url.
std::string flag_of(std::string_view name);

/// The variable, or the content of the file that <variable>_FILE names; both at once is an error.
Result<std::optional<std::string>> read_secret(const std::string& variable);

/// Fails on a TECNOCHAT_ variable that is neither declared nor one of the few that belong to the
/// developer script and the tests: a misspelt setting must not pass for its default.
Status refuse_unknown_variables(const std::set<std::string>& declared);

}  // namespace tecnochat::config
