#pragma once

#include <filesystem>
#include <string>

#include "tecnochat/config/settings.hpp"

namespace tecnochat::scenarios {

/// A CA that nobody trusts, in a temporary folder; issues certificates with the suite's names.
class ForeignCa {
 public:
    ForeignCa();
    ~ForeignCa();
    ForeignCa(const ForeignCa&) = delete;
    ForeignCa& operator=(const ForeignCa&) = delete;

    [[nodiscard]] config::TlsFiles issue(const std::string& name) const;

 private:
    std::filesystem::path folder_;
};

}  // namespace tecnochat::scenarios
