#include "tecnochat/core/loopback.hpp"

namespace tecnochat {

bool is_loopback(std::string_view host) noexcept {
    if (host == "localhost" || host == "::1" || host == "[::1]") return true;
    // Not any text that begins so: "127.example.com" is a name that somebody else may own.
    return host.starts_with("127.") && host.find_first_not_of("0123456789.") == host.npos;
}

}  // namespace tecnochat
