#pragma once

#include <string>

#include "tecnochat/core/result.hpp"

namespace tecnochat::postgres {

/// Rows hold content: a server that is not this machine must be spoken to by TLS and be the one
/// its certificate names (sslmode=verify-full). kFailedPrecondition where `conninfo`, with what
/// libpq takes from the environment, would allow less; kInvalidArgument where it cannot be read.
Status check_transport(const std::string& conninfo);

}  // namespace tecnochat::postgres
