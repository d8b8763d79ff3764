#include "fields.hpp"

#include <algorithm>
#include <array>

namespace tecnochat::http_client {
namespace {

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view kBlank = " \t\r\n";
    const auto first = text.find_first_not_of(kBlank);
    if (first == text.npos) return {};
    return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

bool is_token_char(char c) {
    constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
    return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9') ||
           kMarks.find(c) != kMarks.npos;
}

bool is_control(char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F;
}

}  // namespace

bool equal_names(std::string_view a, std::string_view b) noexcept {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char left, char right) {
        return lower(left) == lower(right);
    });
}

std::optional<std::string_view> field_of(std::string_view head, std::string_view name) noexcept {
    while (!head.empty()) {
        const auto end = std::min(head.find('\n'), head.size());
        const auto line = head.substr(0, end);
        head.remove_prefix(std::min(end + 1, head.size()));
        const auto colon = line.find(':');
        if (colon != line.npos && equal_names(line.substr(0, colon), name))
            return trimmed(line.substr(colon + 1));
    }
    return std::nullopt;
}

bool is_field(std::string_view name, std::string_view value) noexcept {
    constexpr std::array<std::string_view, 6> kOurs{
        "Host", "Content-Length", "Transfer-Encoding", "Connection", "Expect", "Upgrade"
    };
    const bool ours = std::any_of(kOurs.begin(), kOurs.end(), [&](std::string_view own) {
        return equal_names(own, name);
    });
    return !ours && !name.empty() && !trimmed(value).empty() &&
           std::all_of(name.begin(), name.end(), is_token_char) &&
           std::none_of(value.begin(), value.end(), is_control);
}

}  // namespace tecnochat::http_client
