#pragma once

#include <string_view>

namespace tecnochat {

/// Whether `host` (a name or an address, without port; an IPv6 address with or without brackets)
/// can only be this machine: "localhost", ::1, 127.0.0.0/8. Everything else has to speak TLS.
[[nodiscard]] bool is_loopback(std::string_view host) noexcept;

}  // namespace tecnochat
