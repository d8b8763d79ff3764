#include "json_line.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <iterator>

namespace tecnochat::telemetry {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";
constexpr std::string_view kEllipsis = "\xe2\x80\xa6";

bool is_continuation(char c) {
    return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
}

/// Length of the valid UTF-8 sequence at the start of `text` (not empty); 0 if there is none
/// (RFC 3629: shortest form only, no surrogates, nothing above U+10FFFF).
std::size_t sequence_length(std::string_view text) {
    const auto first = static_cast<unsigned char>(text[0]);
    if (first < 0x80) return 1;
    const std::size_t length = first >= 0xc2 && first <= 0xdf   ? 2
                               : (first & 0xf0) == 0xe0         ? 3
                               : first >= 0xf0 && first <= 0xf4 ? 4
                                                                : 0;
    if (length == 0 || text.size() < length) return 0;
    for (std::size_t i = 1; i < length; ++i) {
        if (!is_continuation(text[i])) return 0;
    }
    const auto second = static_cast<unsigned char>(text[1]);
    const bool overlong = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
    const bool surrogate = first == 0xed && second >= 0xa0;
    const bool too_large = first == 0xf4 && second >= 0x90;
    return overlong || surrogate || too_large ? 0 : length;
}

void append_ascii(std::string& line, char c) {
    switch (c) {
        case '"':
            line += "\\\"";
            return;
        case '\\':
            line += "\\\\";
            return;
        case '\n':
            line += "\\n";
            return;
        case '\r':
            line += "\\r";
            return;
        case '\t':
            line += "\\t";
            return;
        default:
            break;
    }
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
        fmt::format_to(std::back_inserter(line), "\\u{:04x}", static_cast<unsigned>(c));
        return;
    }
    line += c;
}

}  // namespace

void append_json_string(std::string& line, std::string_view text) {
    const bool cut = text.size() > kLogValueBytesMax;
    if (cut) {
        text = text.substr(0, kLogValueBytesMax);
        // Do not leave half a character at the cut.
        for (int i = 0; i < 3 && is_continuation(text.back()); ++i) text.remove_suffix(1);
        if (static_cast<unsigned char>(text.back()) >= 0xc0) text.remove_suffix(1);
    }
    line += '"';
    while (!text.empty()) {
        const std::size_t length = sequence_length(text);
        if (length == 1) {
            append_ascii(line, text[0]);
        } else {
            line += length == 0 ? kReplacement : text.substr(0, length);
        }
        text.remove_prefix(length == 0 ? 1 : length);
    }
    if (cut) line += kEllipsis;
    line += '"';
}

void append_json_number(std::string& line, double value) {
    if (std::isfinite(value)) {
        fmt::format_to(std::back_inserter(line), "{}", value);
    } else {
        line += "null";
    }
}

}  // namespace tecnochat::telemetry
