#pragma once

#include <optional>
#include <string_view>

namespace tecnochat::meta_simulator {

/// A file of this folder by its name, as it was when the binary was built.
std::optional<std::string_view> asset(std::string_view name);

}  // namespace tecnochat::meta_simulator
