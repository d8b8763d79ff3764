#pragma once

#include "http/routes.hpp"
#include "tecnochat/http/server.hpp"

namespace tecnochat::webhook_ingress {

/// The public port.
class PublicServer {
 public:
    PublicServer(http::ServerConfig config, Routes& routes);

    /// The producer's callbacks run on an io thread: acknowledgements are answers, and on the
    /// thread of their connections they need no other. Before start().
    void serve(kafka::Producer& producer);
    Status start();
    void stop(Deadline deadline) { server_.stop(deadline); }
    /// Bound port; valid after start().
    [[nodiscard]] std::uint16_t port() const { return server_.port(); }

 private:
    http::Server server_;
};

}  // namespace tecnochat::webhook_ingress
