#pragma once

#include <string>
#include <string_view>

#include "tecnochat/core/result.hpp"

namespace tecnochat::runtime {

struct ListenAddress {
    std::string host;
    int port = 0;  // 0: the system picks one
    bool operator==(const ListenAddress&) const = default;
};

/// "127.0.0.1:9090" or "[::1]:9090".
Result<ListenAddress> parse_listen_address(std::string_view text);

}  // namespace tecnochat::runtime
