#pragma once

#include <string>

#include "tecnochat/core/uuid.hpp"

namespace tecnochat::echo_service {

using EchoId = Id<struct EchoTag>;

/// What a tenant said.
struct Echo {
    TenantId tenant;
    EchoId id;
    std::string text;
};

}  // namespace tecnochat::echo_service
