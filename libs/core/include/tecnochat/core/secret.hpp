#pragma once

#include <string>
#include <utility>

namespace tecnochat {

/// A string that does not print itself: formatting shows "***", and reading it needs the word
/// `reveal`.
class Secret {
 public:
    Secret() = default;
    explicit Secret(std::string value) : value_(std::move(value)) {}
    [[nodiscard]] const std::string& reveal() const { return value_; }
    [[nodiscard]] bool empty() const { return value_.empty(); }

 private:
    std::string value_;
};

inline std::string to_string(const Secret& secret) {
    return secret.empty() ? "" : "***";
}

}  // namespace tecnochat
