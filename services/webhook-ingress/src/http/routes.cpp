#include "http/routes.hpp"

#include <memory>
#include <utility>

#include "http/handshake.hpp"
#include "tecnochat/core/failpoint.hpp"
#include "tecnochat/whatsapp/webhook.hpp"

namespace tecnochat::webhook_ingress {
namespace {

static_assert(http::kBodyPadding >= whatsapp::kWebhookPadding);

/// Around the bytes of the 200 that tells Meta never to deliver this webhook again.
StepFailpoints response_step{"webhook-ingress.response"};

http::Response method_not_allowed(std::string allow) {
    http::Response response{.status = 405};
    response.headers.push_back({"Allow", std::move(allow)});
    return response;
}

}  // namespace

Routes::Routes(
    ReceiveWebhook& receive,
    SignatureCheck signature,
    Secret verify_token,
    std::function<bool()> ready
)
    : receive_(receive),
      signature_(std::move(signature)),
      verify_token_(std::move(verify_token)),
      ready_(std::move(ready)) {}

void Routes::handle(const http::Request& request, http::Responder responder) {
    if (request.path() == "/webhooks/whatsapp") {
        whatsapp(request, std::move(responder));
    } else if (request.path() == "/healthz") {
        health(request, std::move(responder), true);
    } else if (request.path() == "/readyz") {
        health(request, std::move(responder), ready_());
    } else {
        responder.send({.status = 404});
    }
}

void Routes::whatsapp(const http::Request& request, http::Responder responder) {
    if (request.method() == "POST") {
        receive(request, std::move(responder));
        return;
    }
    if (request.method() != "GET") {
        responder.send(method_not_allowed("GET, POST"));
        return;
    }
    auto challenge = answer_handshake(request.query(), verify_token_);
    if (!challenge) {
        responder.send({.status = 403});
        return;
    }
    http::Response response{.body = std::move(*challenge)};
    response.headers.push_back({"X-Content-Type-Options", "nosniff"});
    responder.send(std::move(response));
}

void Routes::receive(const http::Request& request, http::Responder responder) {
    if (!signature_.accepts(request.header("X-Hub-Signature-256"), request.body())) {
        responder.send({.status = 401});
        return;
    }
    // std::function wants to be copyable; owner is whichever copy of the callback is left.
    const auto answer = std::make_shared<http::Responder>(std::move(responder));
    receive_.run(request.body(), [answer](bool durable) {
        if (durable) {
            answer->send(
                {.status = 200, .failpoints = {&response_step.before, &response_step.after}}
            );
        } else {
            answer->send({.status = 503});
        }
    });
}

void Routes::health(const http::Request& request, http::Responder responder, bool good) {
    if (request.method() != "GET" && request.method() != "HEAD") {
        responder.send(method_not_allowed("GET, HEAD"));
        return;
    }
    responder.send({.status = good ? 200 : 503, .body = good ? "ok\n" : "not ready\n"});
}

}  // namespace tecnochat::webhook_ingress
