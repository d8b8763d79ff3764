#pragma once

#include <functional>
#include <string_view>

#include "http/signature.hpp"
#include "tecnochat/core/secret.hpp"
#include "tecnochat/http/server.hpp"
#include "use_cases/receive_webhook.hpp"

namespace tecnochat::webhook_ingress {

/// The public paths: which handler, which methods (405), nothing else (404). A webhook is answered
///
///   401  no signature or a wrong one
///   200  durable
///   503  anything else: Meta delivers again, for days
class Routes {
 public:
    Routes(
        ReceiveWebhook& receive,
        SignatureCheck signature,
        Secret verify_token,
        std::function<bool()> ready
    );
    void handle(const http::Request& request, http::Responder responder);

 private:
    void whatsapp(const http::Request& request, http::Responder responder);
    void health(const http::Request& request, http::Responder responder, bool good);
    void receive(const http::Request& request, http::Responder responder);

    ReceiveWebhook& receive_;
    SignatureCheck signature_;
    Secret verify_token_;
    std::function<bool()> ready_;
};

}  // namespace tecnochat::webhook_ingress
