#include "tecnochat/http_client/url.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "tecnochat/core/loopback.hpp"

namespace tecnochat::http_client {
namespace {

bool is_alphanumeric(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/// RFC 3986's unreserved characters; every other byte is encoded.
bool is_unreserved(char c) {
    return is_alphanumeric(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

void append_encoded(std::string& out, std::string_view text) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    for (const char c : text) {
        if (is_unreserved(c)) {
            out += c;
        } else {
            const auto byte = static_cast<unsigned char>(c);
            out += '%';
            out += kDigits[byte >> 4U];
            out += kDigits[byte & 15U];
        }
    }
}

Error bad_url(const char* what) {
    return make_error(ErrorCode::kInvalidArgument, std::string("not a usable address: ") + what);
}

bool is_host(std::string_view host) {
    if (host.starts_with('[')) {
        return host.size() > 2 && host.ends_with(']') &&
               host.find_first_not_of("0123456789abcdefABCDEF:.", 1) == host.size() - 1;
    }
    return !host.empty() && std::all_of(host.begin(), host.end(), [](char c) {
        return is_alphanumeric(c) || c == '-' || c == '.';
    });
}

std::optional<std::uint16_t> port_of(std::string_view digits) {
    std::uint16_t port = 0;
    const auto* const end = digits.data() + digits.size();
    const auto read = std::from_chars(digits.data(), end, port);
    if (read.ec != std::errc{} || read.ptr != end || port == 0) return std::nullopt;
    return port;
}

/// The path of a base address is the installation's own word: it is taken as it stands, as long as
/// it can stand in a request line.
bool is_path(std::string_view path) {
    return std::all_of(path.begin(), path.end(), [](char c) {
        return is_unreserved(c) || c == '/' || c == '%' || c == ':' || c == '@' || c == '+';
    });
}

}  // namespace

std::string Origin::text() const {
    return (tls ? "https://" : "http://") + host + ":" + std::to_string(port);
}

Result<Url> Url::parse(std::string_view base) {
    constexpr std::string_view kSecure = "https://";
    constexpr std::string_view kPlain = "http://";
    Origin origin;
    origin.tls = base.starts_with(kSecure);
    if (!origin.tls && !base.starts_with(kPlain)) return bad_url("the scheme is https or http");
    base.remove_prefix(origin.tls ? kSecure.size() : kPlain.size());
    const auto slash = std::min(base.find('/'), base.size());
    auto host = base.substr(0, slash);
    auto path = base.substr(slash);
    while (path.ends_with('/')) path.remove_suffix(1);
    if (!is_path(path)) return bad_url("the path has characters that must be encoded");

    origin.port = origin.tls ? 443 : 80;
    const auto bracket = host.rfind(']');
    const auto colon = host.find(':', bracket == host.npos ? 0 : bracket);
    if (colon != host.npos) {
        const auto port = port_of(host.substr(colon + 1));
        if (!port) return bad_url("the port");
        origin.port = *port;
        host = host.substr(0, colon);
    }
    if (!is_host(host)) return bad_url("the host");
    origin.host = host;
    std::transform(origin.host.begin(), origin.host.end(), origin.host.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    if (!origin.tls && !is_loopback(origin.host))
        return bad_url("http is for servers on loopback only");
    return Url(std::move(origin), std::string(path));
}

Result<Url> Url::join(std::initializer_list<std::string_view> segments) const {
    auto joined = *this;
    for (const auto segment : segments) {
        if (segment.empty() || segment == "." || segment == "..")
            return bad_url("a segment of the path is empty or dots");
        joined.path_ += '/';
        append_encoded(joined.path_, segment);
    }
    return joined;
}

Url Url::with(std::string_view name, std::string_view value) const {
    auto longer = *this;
    if (!longer.query_.empty()) longer.query_ += '&';
    append_encoded(longer.query_, name);
    longer.query_ += '=';
    append_encoded(longer.query_, value);
    return longer;
}

std::string Url::target() const {
    auto target = path_.empty() ? "/" : path_;
    if (!query_.empty()) target += "?" + query_;
    return target;
}

}  // namespace tecnochat::http_client
