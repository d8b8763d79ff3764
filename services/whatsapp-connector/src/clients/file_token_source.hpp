#pragma once

#include <string>

#include "ports.hpp"

namespace tecnochat::whatsapp_connector {

/// One token for all numbers, from a file that only its owner may read; read anew for each call, so
/// that a replaced file counts at once. Until the vault exists (issue 2, "Not now").
class FileTokenSource final : public TokenSource {
 public:
    explicit FileTokenSource(std::string path) : path_(std::move(path)) {}
    /// kFailedPrecondition when the file is missing, empty, or readable by others.
    Result<Secret> token(const std::string& phone_number_id) override;

 private:
    std::string path_;
};

}  // namespace tecnochat::whatsapp_connector
