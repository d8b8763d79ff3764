#pragma once

#include <optional>
#include <string>

namespace tecnochat {

/// The value of a variable of this process; nullopt when it is unset, or empty: that is how
/// compose files and charts write "not given". Programs of ours change their environment nowhere,
/// so this may be asked from any thread.
[[nodiscard]] std::optional<std::string> environment_variable(const std::string& name);

}  // namespace tecnochat
