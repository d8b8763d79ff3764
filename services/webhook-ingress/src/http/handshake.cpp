#include "http/handshake.hpp"

#include "tecnochat/crypto/hmac.hpp"
#include "tecnochat/http/server.hpp"

namespace tecnochat::webhook_ingress {

std::optional<std::string> answer_handshake(std::string_view query, const Secret& verify_token) {
    const auto mode = http::query_parameter(query, "hub.mode");
    const auto token = http::query_parameter(query, "hub.verify_token");
    if (mode != "subscribe" || !token ||
        !crypto::equal_constant_time(*token, verify_token.reveal())) {
        return std::nullopt;
    }
    return http::query_parameter(query, "hub.challenge");
}

}  // namespace tecnochat::webhook_ingress
