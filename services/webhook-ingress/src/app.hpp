#pragma once

#include "config.hpp"
#include "durable_publisher.hpp"
#include "http/routes.hpp"
#include "metrics.hpp"
#include "tecnochat/core/clock.hpp"
#include "tecnochat/http/server.hpp"
#include "tecnochat/kafka/producer.hpp"
#include "tecnochat/runtime/service.hpp"
#include "use_cases/receive_webhook.hpp"

namespace tecnochat::webhook_ingress {

/// Composition root: socket -> routes -> receive_webhook -> publisher -> Kafka.
class App final : public runtime::App {
 public:
    App(const Config& config, telemetry::Metrics& metrics);

    Status start() override;
    [[nodiscard]] bool ready() const override;
    void stop(Deadline deadline) override;

    /// Bound public port; valid after start().
    [[nodiscard]] std::uint16_t port() const { return server_.port(); }

 private:
    SystemClock clock_;
    IngressMetrics metrics_;
    kafka::Producer producer_;
    DurablePublisher publisher_;
    ReceiveWebhook receive_webhook_;
    Routes routes_;
    http::Server server_;  // last: stops taking requests before what answers them goes
};

}  // namespace tecnochat::webhook_ingress
