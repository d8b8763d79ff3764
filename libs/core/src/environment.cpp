#include "tecnochat/core/environment.hpp"

#include <cstdlib>

namespace tecnochat {

std::optional<std::string> environment_variable(const std::string& name) {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): only a test sets variables, before its threads start
    const char* value = std::getenv(name.c_str());
    if (value == nullptr || *value == '\0') return std::nullopt;
    return std::string(value);
}

}  // namespace tecnochat
