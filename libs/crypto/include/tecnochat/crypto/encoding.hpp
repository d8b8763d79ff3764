#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace tecnochat::crypto {

std::string to_hex(std::span<const std::uint8_t> bytes);    // lower case
std::optional<std::string> from_hex(std::string_view hex);  // either case; nullopt if not hex
std::string to_base64(std::string_view bytes);
std::optional<std::string> from_base64(std::string_view text);
std::string to_base64url(std::string_view bytes);  // no padding
std::optional<std::string> from_base64url(std::string_view text);
/// From the operating system.
std::string random_bytes(std::size_t count);

}  // namespace tecnochat::crypto
