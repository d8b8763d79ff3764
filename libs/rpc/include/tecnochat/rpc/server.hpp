#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tecnochat/config/settings.hpp"
#include "tecnochat/core/clock.hpp"
#include "tecnochat/core/result.hpp"
#include "tecnochat/telemetry/metrics.hpp"

namespace grpc {
class Service;
}  // namespace grpc

namespace tecnochat::rpc {

struct ServerConfig {
    std::string service;  // whose section of deploy/rpc.yaml applies
    std::string listen;   // "127.0.0.1:0" picks a port
    config::TlsFiles tls;
    std::string allow_list;  // path of rpc.yaml
};

/// gRPC over mutual TLS. Every call is checked against the caller -> method list before its handler
/// runs (caller = the client certificate's SAN DNS name): PERMISSION_DENIED otherwise. Calls are
/// counted and timed; traceparent metadata becomes the handler's trace. gRPC health checking is
/// served to every caller with a certificate of our CA.
class Server {
 public:
    Server(ServerConfig config, std::vector<grpc::Service*> services, telemetry::Metrics& metrics);
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    Status start();
    [[nodiscard]] int port() const;
    /// Refuses new calls, lets running ones finish until the deadline, then cancels.
    void stop(Deadline deadline);

 private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace tecnochat::rpc
