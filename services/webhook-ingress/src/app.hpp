#pragma once

#include "config.hpp"
#include "http/public_server.hpp"
#include "http/routes.hpp"
#include "use_cases/durable_publisher.hpp"
#include "use_cases/ingress_metrics.hpp"
#include "use_cases/receive_webhook.hpp"

namespace tecnochat::webhook_ingress {

/// Composition root: socket -> routes -> receive_webhook -> publisher -> Kafka.
class App final : public runtime::ServiceApp {
 public:
    App(const Config& config, telemetry::Metrics& metrics);

    /// Bound public port; valid after start().
    [[nodiscard]] std::uint16_t port() const { return server_.port(); }

 private:
    IngressMetrics metrics_;
    kafka::Producer& statuses_;
    DurablePublisher publisher_;
    ReceiveWebhook receive_webhook_;
    Routes routes_;
    PublicServer server_;  // last: stops taking requests before what answers them goes
};

}  // namespace tecnochat::webhook_ingress
