#include "json_string.hpp"

#include <cstdint>
#include <optional>

namespace tecnochat::whatsapp {
namespace {

constexpr std::uint32_t kReplacement = 0xFFFD;

bool is_high_surrogate(std::uint32_t unit) {
    return unit >= 0xD800 && unit <= 0xDBFF;
}
bool is_low_surrogate(std::uint32_t unit) {
    return unit >= 0xDC00 && unit <= 0xDFFF;
}

std::optional<std::uint32_t> hex4(std::string_view text) {
    if (text.size() < 4) return std::nullopt;
    std::uint32_t value = 0;
    for (const char c : text.substr(0, 4)) {
        value <<= 4;
        if (c >= '0' && c <= '9') {
            value += static_cast<std::uint32_t>(c - '0');
        } else if (c >= 'a' && c <= 'f') {
            value += static_cast<std::uint32_t>(c - 'a' + 10);
        } else if (c >= 'A' && c <= 'F') {
            value += static_cast<std::uint32_t>(c - 'A' + 10);
        } else {
            return std::nullopt;
        }
    }
    return value;
}

void append_utf8(std::string& out, std::uint32_t code) {
    const auto byte = [&out](std::uint32_t value) { out.push_back(static_cast<char>(value)); };
    if (code < 0x80) {
        byte(code);
    } else if (code < 0x800) {
        byte(0xC0 | (code >> 6));
        byte(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
        byte(0xE0 | (code >> 12));
        byte(0x80 | ((code >> 6) & 0x3F));
        byte(0x80 | (code & 0x3F));
    } else {
        byte(0xF0 | (code >> 18));
        byte(0x80 | ((code >> 12) & 0x3F));
        byte(0x80 | ((code >> 6) & 0x3F));
        byte(0x80 | (code & 0x3F));
    }
}

/// Reads what follows "\u" and moves `rest` behind it.
std::uint32_t take_code_point(std::string_view& rest) {
    const auto unit = hex4(rest);
    if (!unit) return kReplacement;
    rest.remove_prefix(4);
    if (is_low_surrogate(*unit)) return kReplacement;
    if (!is_high_surrogate(*unit)) return *unit;
    if (rest.substr(0, 2) != "\\u") return kReplacement;
    const auto low = hex4(rest.substr(2));
    if (!low || !is_low_surrogate(*low)) return kReplacement;
    rest.remove_prefix(6);
    return 0x10000 + ((*unit - 0xD800) << 10) + (*low - 0xDC00);
}

}  // namespace

std::string unescape_leniently(std::string_view escaped) {
    static constexpr std::string_view kFrom = "\"\\/bfnrt";
    static constexpr std::string_view kTo = "\"\\/\b\f\n\r\t";
    std::string out;
    out.reserve(escaped.size());
    while (!escaped.empty()) {
        const char c = escaped.front();
        escaped.remove_prefix(1);
        if (c != '\\' || escaped.empty()) {
            out.push_back(c);
            continue;
        }
        const char kind = escaped.front();
        escaped.remove_prefix(1);
        if (kind == 'u') {
            append_utf8(out, take_code_point(escaped));
        } else if (const auto at = kFrom.find(kind); at != kFrom.npos) {
            out.push_back(kTo[at]);
        } else {
            append_utf8(out, kReplacement);
        }
    }
    return out;
}

}  // namespace tecnochat::whatsapp
