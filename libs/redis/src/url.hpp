#pragma once

#include <string>
#include <string_view>

#include "tecnochat/core/result.hpp"

namespace tecnochat::redis {

struct Url {
    std::string host;
    int port = 6379;
    std::string user;
    std::string password;
    int database = 0;
};

/// "redis://[[user]:password@]host[:port][/database]", percent-decoded; kInvalidArgument for
/// anything else, kFailedPrecondition for a host that is not loopback.
Result<Url> parse_url(std::string_view text);

}  // namespace tecnochat::redis
