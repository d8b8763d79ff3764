#pragma once

#include <functional>
#include <string_view>

#include "tecnochat/core/secret.hpp"
#include "tecnochat/http/server.hpp"
#include "use_cases/receive_webhook.hpp"

namespace tecnochat::webhook_ingress {

/// The public paths: which handler, which methods (405), nothing else (404).
class Routes {
 public:
    Routes(ReceiveWebhook& receive, Secret verify_token, std::function<bool()> ready);
    void handle(const http::Request& request, http::Responder responder);

 private:
    void whatsapp(const http::Request& request, http::Responder responder);
    void health(const http::Request& request, http::Responder responder, bool good);

    ReceiveWebhook& receive_;
    Secret verify_token_;
    std::function<bool()> ready_;
};

}  // namespace tecnochat::webhook_ingress
