#include "http/signature.hpp"

#include <catch2/catch.hpp>
#include <string>

using namespace tecnochat;
using tecnochat::webhook_ingress::SignatureCheck;

TEST_CASE("signatures are made over the raw bytes, escaped or not") {
    const SignatureCheck check(Secret("test_app_secret"), Secret());
    const auto accepts = [&](const char* hex, const char* body) {
        return check.accepts(std::string("sha256=") + hex, body);
    };
    CHECK(accepts(
        "dec6a680679a968e7e0319355b23599cbfc54502c0784668e9618baa0c633756",
        R"({"object":"whatsapp_business_account","entry":[]})"
    ));
    CHECK(accepts(
        "ef2f26fa76e628c7f90d27d88a0e6c51e56fbc0e6b32afe2470eec76fc265817",
        R"({"t":"caf\u00e9","u":"https:\/\/x"})"
    ));
    CHECK(accepts(
        "c35bb5e771328427f21d9a4de084fccc6b816cb0608c4b4599169ffc00e26953",
        R"({"t":"café","u":"https://x"})"
    ));
    CHECK_FALSE(accepts(
        "c35bb5e771328427f21d9a4de084fccc6b816cb0608c4b4599169ffc00e26953",
        R"({"t":"cafe","u":"https://x"})"
    ));
}

TEST_CASE("anything but sha256= and 64 hex digits is refused") {
    const SignatureCheck check(Secret("test_app_secret"), Secret());
    const std::string hex = "dec6a680679a968e7e0319355b23599cbfc54502c0784668e9618baa0c633756";
    const std::string body = R"({"object":"whatsapp_business_account","entry":[]})";
    for (const std::string& header :
         {std::string(),
          std::string("sha256="),
          hex,
          "sha1=" + hex,
          "sha256=" + hex.substr(1),
          "sha256=" + hex + "00",
          "sha256= " + hex,
          "SHA256=" + hex,
          "sha256=" + hex + ",x"}) {
        CHECK_FALSE(check.accepts(header, body));
    }
    CHECK(check.accepts("sha256=" + hex, body));
}

TEST_CASE("an empty previous secret opens nothing") {
    const SignatureCheck check(Secret("test_app_secret"), Secret());
    const SignatureCheck with_empty_key(Secret(""), Secret());
    const std::string body = "x";
    // HMAC-SHA256 of "x" under the empty key.
    const auto mac = crypto::HmacSha256("").sign(body);
    std::string hex;
    for (const auto byte : mac) {
        constexpr std::string_view kDigits = "0123456789abcdef";
        hex.push_back(kDigits[byte >> 4]);
        hex.push_back(kDigits[byte & 15]);
    }
    CHECK(with_empty_key.accepts("sha256=" + hex, body));
    CHECK_FALSE(check.accepts("sha256=" + hex, body));
}
