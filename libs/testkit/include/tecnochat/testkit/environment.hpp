#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tecnochat::testkit {

/// Sets variables of this process for as long as it lives, and gives back what they were. Not while
/// other threads run: whatever they read of the environment would be torn.
class ScopedEnvironment {
 public:
    ScopedEnvironment(std::initializer_list<std::pair<std::string, std::string>> variables);
    ~ScopedEnvironment();
    ScopedEnvironment(const ScopedEnvironment&) = delete;
    ScopedEnvironment& operator=(const ScopedEnvironment&) = delete;

 private:
    std::vector<std::pair<std::string, std::optional<std::string>>> before_;
};

}  // namespace tecnochat::testkit
