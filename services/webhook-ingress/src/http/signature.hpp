#pragma once

#include <string_view>
#include <vector>

#include "tecnochat/core/secret.hpp"
#include "tecnochat/crypto/hmac.hpp"

namespace tecnochat::webhook_ingress {

/// Meta's X-Hub-Signature-256: "sha256=" and the hex HMAC-SHA256 of the raw body under the app
/// secret. Thread-safe.
class SignatureCheck {
 public:
    /// `previous` may be empty; otherwise both secrets are accepted (rotation).
    SignatureCheck(const Secret& current, const Secret& previous);
    [[nodiscard]] bool accepts(std::string_view header, std::string_view body) const;

 private:
    std::vector<crypto::HmacSha256> keys_;
};

}  // namespace tecnochat::webhook_ingress
