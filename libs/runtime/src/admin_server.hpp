#pragma once

#include <functional>
#include <memory>
#include <string>

#include "listen_address.hpp"
#include "tecnochat/core/result.hpp"
#include "tecnochat/telemetry/metrics.hpp"

namespace tecnochat::runtime {

/// The operators' port: GET /metrics /livez /readyz /version /log-level, PUT /log-level. Plain HTTP
/// for loopback and the cluster's inside; never published. Answers from construction to
/// destruction.
class AdminServer {
 public:
    struct Config {
        std::string service;
        std::string version;
        ListenAddress listen;
    };
    /// `is_ready` is called on a server thread. Throws where the address cannot be had.
    AdminServer(Config config, const telemetry::Metrics& metrics, std::function<bool()> is_ready);
    ~AdminServer();
    AdminServer(const AdminServer&) = delete;
    AdminServer& operator=(const AdminServer&) = delete;

    [[nodiscard]] int port() const;

 private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace tecnochat::runtime
