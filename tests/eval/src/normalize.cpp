#include "normalize.hpp"

#include <regex>

#include "domain/text.hpp"

namespace tecnochat::eval {
namespace {

/// Removes '.', ',' and '\'' between groups of thousands: "1'600.000" -> "1600000".
std::string join_thousands(std::string text) {
    static const std::regex grouped(R"((^|[^\d.,'])(\d{1,3}(?:['.,]\d{3})+)(?!\d))");
    std::string out;
    std::smatch match;
    while (std::regex_search(text, match, grouped)) {
        out += match.prefix().str() + match[1].str();
        for (const char c : match[2].str()) {
            if (c >= '0' && c <= '9') out += c;
        }
        text = match.suffix().str();
    }
    return out + text;
}

}  // namespace

std::string normalize(std::string_view text) {
    static const std::regex half_day(R"((\d)\s*([ap])\s*\.?\s*m\b\.?)");
    static const std::regex noon(R"(\b12(?::00)?\s*m\b\.?)");
    static const std::regex full_hour(R"(\b0?(\d{1,2}):00\s*(am|pm)\b)");
    static const std::regex leading_zero(R"(\b0?(\d{1,2})(:\d{2})?(am|pm)\b)");
    static const std::regex thousand(R"(\b(\d{1,3})\s+mil\b)");
    static const std::regex percent(R"((\d)\s*(?:%|por\s*ciento\b))");
    static const std::regex colon(R"((\d):(?=\d))");
    static const std::regex slash(R"((\d)/(?=\d))");
    static const std::regex other(R"([^a-z0-9%\x01\x02]+)");
    std::string out = ai_reply::fold(text);
    out = std::regex_replace(out, half_day, "$1$2m");
    out = std::regex_replace(out, noon, "12m");
    out = std::regex_replace(out, full_hour, "$1$2");
    out = std::regex_replace(out, leading_zero, "$1$2$3");
    out = join_thousands(std::move(out));
    out = std::regex_replace(out, thousand, "$01000");
    out = std::regex_replace(out, percent, "$1%");
    out = std::regex_replace(out, colon, "$1\x01");
    out = std::regex_replace(out, slash, "$1\x02");
    out = std::regex_replace(out, other, " ");
    for (char& c : out) {
        if (c == '\x01') c = ':';
        if (c == '\x02') c = '/';
    }
    const std::size_t first = out.find_first_not_of(' ');
    if (first == std::string::npos) return {};
    return out.substr(first, out.find_last_not_of(' ') - first + 1);
}

bool contains(const std::string& normalized_text, const std::string& normalized_phrase) {
    return (' ' + normalized_text + ' ').find(' ' + normalized_phrase + ' ') != std::string::npos;
}

}  // namespace tecnochat::eval
