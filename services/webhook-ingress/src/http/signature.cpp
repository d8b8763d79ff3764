#include "http/signature.hpp"

#include "tecnochat/crypto/encoding.hpp"

namespace tecnochat::webhook_ingress {

SignatureCheck::SignatureCheck(const Secret& current, const Secret& previous) {
    keys_.emplace_back(current.reveal());
    if (!previous.empty()) keys_.emplace_back(previous.reveal());
}

bool SignatureCheck::accepts(std::string_view header, std::string_view body) const {
    static constexpr std::string_view kPrefix = "sha256=";
    if (!header.starts_with(kPrefix)) return false;
    const auto given = crypto::from_hex(header.substr(kPrefix.size()));
    if (!given) return false;
    for (const crypto::HmacSha256& key : keys_) {
        const crypto::Sha256 mac = key.sign(body);
        const std::string_view expected(reinterpret_cast<const char*>(mac.data()), mac.size());
        if (crypto::equal_constant_time(*given, expected)) return true;
    }
    return false;
}

}  // namespace tecnochat::webhook_ingress
