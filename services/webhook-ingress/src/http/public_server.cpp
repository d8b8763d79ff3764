#include "http/public_server.hpp"

#include <utility>

#include "tecnochat/telemetry/log.hpp"

namespace tecnochat::webhook_ingress {

PublicServer::PublicServer(http::ServerConfig config, Routes& routes)
    : server_(
          std::move(config),
          [&routes](const http::Request& request, http::Responder responder) {
              routes.handle(request, std::move(responder));
          }
      ) {}

void PublicServer::serve(kafka::Producer& producer) {
    server_.watch(producer.descriptor(), [&producer] { producer.serve(); });
}

Status PublicServer::start() {
    TECNOCHAT_CHECK(server_.start());
    telemetry::log_info("listening for webhooks", {{"port", server_.port()}});
    return ok();
}

}  // namespace tecnochat::webhook_ingress
