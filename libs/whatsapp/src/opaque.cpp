#include "tecnochat/whatsapp/opaque.hpp"

#include <fmt/format.h>

#include <charconv>

#include "tecnochat/core/assert.hpp"
#include "tecnochat/crypto/encoding.hpp"

namespace tecnochat::whatsapp {
namespace {

constexpr std::string_view kVersion = "x1:";
constexpr std::size_t kUuidLength = 36;
constexpr std::size_t kMacDigits = 8;
/// Far above any retry policy; keeps decode from accepting absurd numbers.
constexpr int kAttemptMax = 9999;

std::string mac_of(const crypto::HmacSha256& hmac, std::string_view signed_part) {
    return crypto::to_hex(hmac.sign(signed_part)).substr(0, kMacDigits);
}

}  // namespace

OpaqueCodec::OpaqueCodec(std::string_view key) : hmac_(key) {}

std::string OpaqueCodec::encode(const Opaque& opaque) const {
    TECNOCHAT_ASSERT(
        opaque.attempt >= 1 && opaque.attempt <= kAttemptMax, "an attempt counts from 1 to 9999"
    );
    const std::string signed_part =
        fmt::format("{}{}:{}", kVersion, opaque.send_id.to_string(), opaque.attempt);
    return fmt::format("{}:{}", signed_part, mac_of(hmac_, signed_part));
}

std::optional<Opaque> OpaqueCodec::decode(std::string_view text) const {
    constexpr std::size_t kAttemptAt = kVersion.size() + kUuidLength + 1;
    const auto mac_colon = text.rfind(':');
    if (!text.starts_with(kVersion) || mac_colon == std::string_view::npos ||
        mac_colon <= kAttemptAt) {
        return std::nullopt;
    }
    const std::string_view signed_part = text.substr(0, mac_colon);
    if (!crypto::equal_constant_time(mac_of(hmac_, signed_part), text.substr(mac_colon + 1))) {
        return std::nullopt;
    }
    auto send_id = MessageId::parse(text.substr(kVersion.size(), kUuidLength));
    const std::string_view digits = signed_part.substr(kAttemptAt);
    Opaque opaque;
    const auto [end, failure] =
        std::from_chars(digits.data(), digits.data() + digits.size(), opaque.attempt);
    if (!send_id || failure != std::errc{} || end != digits.data() + digits.size() ||
        opaque.attempt < 1 || opaque.attempt > kAttemptMax) {
        return std::nullopt;
    }
    opaque.send_id = *send_id;
    return opaque;
}

}  // namespace tecnochat::whatsapp
