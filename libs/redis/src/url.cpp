#include "url.hpp"

#include <charconv>

#include "tecnochat/core/loopback.hpp"

namespace tecnochat::redis {
namespace {

Error bad(const char* what) {
    return make_error(ErrorCode::kInvalidArgument, std::string("the Redis URL has ") + what);
}

Result<int> parse_number(std::string_view text, int maximum, const char* what) {
    int value = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failure != std::errc{} || end != text.data() + text.size() || value < 0 ||
        value > maximum) {
        return bad(what);
    }
    return value;
}

Result<std::string> percent_decode(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        int value = 0;
        const auto hex = text.substr(i + 1, 2);
        const auto [end, failure] = std::from_chars(hex.data(), hex.data() + hex.size(), value, 16);
        if (hex.size() != 2 || failure != std::errc{} || end != hex.data() + 2) {
            return bad("a bad escape");
        }
        out += static_cast<char>(value);
        i += 2;
    }
    return out;
}

Status read_credentials(std::string_view text, Url& url) {
    const auto colon = text.find(':');
    if (colon == std::string_view::npos) return bad("a user without a password");
    TECNOCHAT_TRY(url.user, percent_decode(text.substr(0, colon)));
    TECNOCHAT_TRY(url.password, percent_decode(text.substr(colon + 1)));
    return ok();
}

Status read_address(std::string_view text, Url& url) {
    const auto closing = text.find(']');  // [::1]
    const auto colon = text.find(':', closing == std::string_view::npos ? 0 : closing);
    url.host = text.substr(0, colon);
    if (closing != std::string_view::npos) url.host = text.substr(1, closing - 1);
    if (colon != std::string_view::npos) {
        TECNOCHAT_TRY(url.port, parse_number(text.substr(colon + 1), 65535, "a bad port"));
    }
    return ok();
}

}  // namespace

Result<Url> parse_url(std::string_view text) {
    constexpr std::string_view kScheme = "redis://";
    if (!text.starts_with(kScheme)) return bad("no redis:// in front");
    text.remove_prefix(kScheme.size());
    Url url;
    if (const auto at = text.rfind('@'); at != std::string_view::npos) {
        TECNOCHAT_CHECK(read_credentials(text.substr(0, at), url));
        text.remove_prefix(at + 1);
    }
    if (const auto slash = text.find('/'); slash != std::string_view::npos) {
        const auto database = text.substr(slash + 1);
        if (!database.empty()) {
            TECNOCHAT_TRY(url.database, parse_number(database, 15, "a bad database number"));
        }
        text = text.substr(0, slash);
    }
    TECNOCHAT_CHECK(read_address(text, url));
    if (!is_loopback(url.host)) {
        return make_error(
            ErrorCode::kFailedPrecondition,
            "Redis must be on loopback: this client has no TLS (use a TLS proxy)"
        );
    }
    return url;
}

}  // namespace tecnochat::redis
