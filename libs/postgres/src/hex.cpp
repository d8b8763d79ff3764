#include "hex.hpp"

#include "tecnochat/core/assert.hpp"

namespace tecnochat::postgres {
namespace {

int digit_value(char digit) {
    if (digit >= '0' && digit <= '9') return digit - '0';
    if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
    return -1;
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
        const int high = digit_value(text[2 * i]);
        const int low = digit_value(text[2 * i + 1]);
        TECNOCHAT_ASSERT(high >= 0 && low >= 0, "not a hex digit in a bytea");
        bytes[i] = static_cast<char>(high * 16 + low);
    }
    return bytes;
}

}  // namespace tecnochat::postgres
