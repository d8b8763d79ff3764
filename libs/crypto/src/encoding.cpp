#include "tecnochat/crypto/encoding.hpp"

#include <sys/random.h>

#include <array>
#include <cerrno>

#include "tecnochat/core/assert.hpp"

namespace tecnochat::crypto {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kBase64Url =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

using DecodeTable = std::array<std::int16_t, 256>;

constexpr DecodeTable invert(std::string_view alphabet) {
    DecodeTable table{};
    table.fill(-1);
    for (std::size_t i = 0; i < alphabet.size(); ++i) {
        table[static_cast<unsigned char>(alphabet[i])] = static_cast<std::int16_t>(i);
    }
    return table;
}

constexpr DecodeTable kFromBase64 = invert(kBase64);
constexpr DecodeTable kFromBase64Url = invert(kBase64Url);

constexpr DecodeTable kFromHex = [] {
    DecodeTable table = invert(kHexDigits);
    for (char c = 'A'; c <= 'F'; ++c) {
        table[static_cast<unsigned char>(c)] = static_cast<std::int16_t>(c - 'A' + 10);
    }
    return table;
}();

int hex_value(char c) {
    return kFromHex[static_cast<unsigned char>(c)];
}

std::string encode(std::string_view bytes, std::string_view alphabet) {
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    std::uint32_t buffer = 0;
    int bits = 0;
    for (const char byte : bytes) {
        buffer = (buffer << 8) | static_cast<unsigned char>(byte);
        bits += 8;
        while (bits >= 6) {
            bits -= 6;
            text.push_back(alphabet[(buffer >> bits) & 0x3f]);
        }
    }
    if (bits > 0) text.push_back(alphabet[(buffer << (6 - bits)) & 0x3f]);
    return text;
}

/// Strict: one text per value. Left-over bits must be zero, or a signature over the text could be
/// kept while the text changes.
std::optional<std::string> decode(std::string_view digits, const DecodeTable& table) {
    if (digits.size() % 4 == 1) return std::nullopt;
    std::string bytes;
    bytes.reserve(digits.size() * 3 / 4);
    std::uint32_t buffer = 0;
    int bits = 0;
    for (const char digit : digits) {
        const int value = table[static_cast<unsigned char>(digit)];
        if (value < 0) return std::nullopt;
        buffer = (buffer << 6) | static_cast<std::uint32_t>(value);
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            bytes.push_back(static_cast<char>((buffer >> bits) & 0xff));
        }
    }
    const std::uint32_t left_over = buffer & ((1U << bits) - 1);
    if (left_over != 0) return std::nullopt;
    return bytes;
}

}  // namespace

std::string to_hex(std::span<const std::uint8_t> bytes) {
    std::string hex(bytes.size() * 2, '0');
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        hex[2 * i] = kHexDigits[bytes[i] >> 4];
        hex[2 * i + 1] = kHexDigits[bytes[i] & 0x0f];
    }
    return hex;
}

std::optional<std::string> from_hex(std::string_view hex) {
    if (hex.size() % 2 != 0) return std::nullopt;
    std::string bytes(hex.size() / 2, '\0');
    for (std::size_t i = 0; i < hex.size(); i += 2) {
        const int high = hex_value(hex[i]);
        const int low = hex_value(hex[i + 1]);
        if (high < 0 || low < 0) return std::nullopt;
        bytes[i / 2] = static_cast<char>(high * 16 + low);
    }
    return bytes;
}

std::string to_base64(std::string_view bytes) {
    std::string text = encode(bytes, kBase64);
    text.append((4 - text.size() % 4) % 4, '=');
    return text;
}

std::optional<std::string> from_base64(std::string_view text) {
    if (text.size() % 4 != 0) return std::nullopt;
    if (text.ends_with("==")) {
        text.remove_suffix(2);
    } else if (text.ends_with('=')) {
        text.remove_suffix(1);
    }
    return decode(text, kFromBase64);
}

std::string to_base64url(std::string_view bytes) {
    return encode(bytes, kBase64Url);
}

std::optional<std::string> from_base64url(std::string_view text) {
    return decode(text, kFromBase64Url);
}

std::string random_bytes(std::size_t count) {
    std::string bytes(count, '\0');
    std::size_t filled = 0;
    while (filled < count) {
        const ssize_t got = getrandom(bytes.data() + filled, count - filled, 0);
        if (got < 0 && errno == EINTR) continue;
        TECNOCHAT_ASSERT(got > 0, "the operating system gives no random bytes");
        filled += static_cast<std::size_t>(got);
    }
    return bytes;
}

}  // namespace tecnochat::crypto
