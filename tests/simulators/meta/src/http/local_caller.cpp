#include "http/local_caller.hpp"

#include <algorithm>
#include <string>

namespace tecnochat::meta_simulator {
namespace {

bool is_number(std::string_view text) {
    return !text.empty() &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// An address of 127.0.0.0/8, written in four numbers.
bool is_loopback_address(std::string_view host) {
    if (!host.starts_with("127.")) return false;
    int numbers = 0;
    while (true) {
        const std::size_t dot = std::min(host.find('.'), host.size());
        if (dot > 3 || !is_number(host.substr(0, dot))) return false;
        ++numbers;
        if (dot == host.size()) return numbers == 4;
        host.remove_prefix(dot + 1);
    }
}

bool is_json(std::string_view content_type) {
    std::string type(content_type.substr(0, content_type.find(';')));
    while (type.ends_with(' ')) type.pop_back();
    std::transform(type.begin(), type.end(), type.begin(), [](unsigned char c) {
        return static_cast<char>(std::tolower(c));
    });
    return type == "application/json";
}

/// Of `scheme://host[:port]`; empty where it is none, as "null" is.
std::string_view host_of(std::string_view origin) {
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (origin.starts_with(scheme)) return origin.substr(scheme.size());
    }
    return {};
}

}  // namespace

bool is_loopback(std::string_view host) {
    // Only an IPv6 address has colons of its own, and brackets around it.
    const std::size_t colon = host.rfind(':');
    if (colon != std::string_view::npos && !host.ends_with(']')) {
        if (!is_number(host.substr(colon + 1))) return false;
        host = host.substr(0, colon);
    }
    return host == "localhost" || host == "[::1]" || is_loopback_address(host);
}

int local_caller_status(const httplib::Request& request) {
    if (request.get_header_value_count("Host") != 1) return 403;
    if (!is_loopback(request.get_header_value("Host"))) return 403;
    const auto origins = request.get_header_value_count("Origin");
    for (std::size_t i = 0; i < origins; ++i) {
        if (!is_loopback(host_of(request.get_header_value("Origin", i)))) return 403;
    }
    const bool has_body = request.method == "POST" || !request.body.empty();
    return has_body && !is_json(request.get_header_value("Content-Type")) ? 415 : 200;
}

}  // namespace tecnochat::meta_simulator
