#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "tecnochat/core/secret.hpp"

namespace tecnochat::webhook_ingress {

/// Meta's verification of a callback URL: the challenge to answer with, or nullopt (403) where the
/// mode is not "subscribe", the token is not ours, or there is no challenge.
std::optional<std::string> answer_handshake(std::string_view query, const Secret& verify_token);

}  // namespace tecnochat::webhook_ingress
