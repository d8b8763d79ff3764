#include "listen_address.hpp"

#include <fmt/format.h>

#include <charconv>

namespace tecnochat::runtime {

Result<ListenAddress> parse_listen_address(std::string_view text) {
    const Error malformed = make_error(
        ErrorCode::kInvalidArgument, fmt::format("'{}' must be host:port, port 0 to 65535", text)
    );
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos) return malformed;
    std::string_view host = text.substr(0, colon);
    const std::string_view digits = text.substr(colon + 1);
    if (host.starts_with('[') && host.ends_with(']')) {
        host = host.substr(1, host.size() - 2);
    } else if (host.find(':') != std::string_view::npos) {
        return malformed;  // an IPv6 address without brackets: which colon is the port's?
    }
    int port = -1;
    const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    const bool is_number = failure == std::errc{} && end == digits.data() + digits.size();
    if (host.empty() || !is_number || port < 0 || port > 65535) return malformed;
    return ListenAddress{std::string(host), port};
}

}  // namespace tecnochat::runtime
