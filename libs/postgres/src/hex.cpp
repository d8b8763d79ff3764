#include "hex.hpp"

#include <array>
#include <cstdint>

#include "tecnochat/core/assert.hpp"

namespace tecnochat::postgres {
namespace {

constexpr std::uint8_t kNoDigit = 0xFF;

constexpr std::array<std::uint8_t, 256> digit_values() {
    std::array<std::uint8_t, 256> values{};
    values.fill(kNoDigit);
    for (std::uint8_t i = 0; i < 10; ++i) values[static_cast<std::size_t>('0' + i)] = i;
    for (std::uint8_t i = 0; i < 6; ++i) {
        values[static_cast<std::size_t>('a' + i)] = static_cast<std::uint8_t>(10 + i);
    }
    return values;
}

constexpr auto kDigitValues = digit_values();

std::uint8_t digit_value(char digit) {
    return kDigitValues[static_cast<unsigned char>(digit)];
}

}  // namespace

void append_bytea_hex(std::string& out, std::string_view bytes) {
    static constexpr std::string_view kDigits = "0123456789abcdef";
    out += "\\x";
    const auto start = out.size();
    out.resize(start + bytes.size() * 2);
    char* next = out.data() + start;
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        *next++ = kDigits[byte >> 4U];
        *next++ = kDigits[byte & 0x0FU];
    }
}

std::string parse_bytea_hex(std::string_view text) {
    TECNOCHAT_ASSERT(
        text.size() >= 2 && text[0] == '\\' && text[1] == 'x' && text.size() % 2 == 0,
        "not a bytea in hex form"
    );
    text.remove_prefix(2);
    std::string bytes(text.size() / 2, '\0');
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const auto high = digit_value(text[2 * i]);
        const auto low = digit_value(text[2 * i + 1]);
        TECNOCHAT_ASSERT(high != kNoDigit && low != kNoDigit, "not a hex digit in a bytea");
        bytes[i] = static_cast<char>(high << 4U | low);
    }
    return bytes;
}

}  // namespace tecnochat::postgres
