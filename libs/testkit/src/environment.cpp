#include "tecnochat/testkit/environment.hpp"

#include <cstdlib>

#include "tecnochat/core/environment.hpp"

namespace tecnochat::testkit {

// NOLINTBEGIN(concurrency-mt-unsafe): the class says when it may be used
ScopedEnvironment::ScopedEnvironment(
    std::initializer_list<std::pair<std::string, std::string>> variables
) {
    for (const auto& [name, value] : variables) {
        before_.emplace_back(name, environment_variable(name));
        setenv(name.c_str(), value.c_str(), 1);
    }
}

ScopedEnvironment::~ScopedEnvironment() {
    for (const auto& [name, value] : before_) {
        if (value) {
            setenv(name.c_str(), value->c_str(), 1);
        } else {
            unsetenv(name.c_str());
        }
    }
}
// NOLINTEND(concurrency-mt-unsafe)

}  // namespace tecnochat::testkit
