#include "app.hpp"

#include "tecnochat/telemetry/log.hpp"

namespace tecnochat::webhook_ingress {
namespace {

// A record that could not be delivered by then was answered with 503 long before and will come
// again; keeping it longer would only fill the queue that new webhooks need.
constexpr Milliseconds kDeliveryTimeout{10'000};

kafka::ProducerConfig producer_config(const Config& config) {
    kafka::ProducerConfig producer;
    producer.kafka = config.kafka;
    producer.client_id = "webhook-ingress-" + config.kafka.instance;
    producer.delivery_timeout = kDeliveryTimeout;
    producer.served_by_caller = true;
    return producer;
}

http::ServerConfig server_config(const Config& config, IngressMetrics& metrics) {
    http::Limits limits;
    limits.connections = static_cast<std::size_t>(config.max_connections);
    limits.header_time = config.header_time;
    limits.body_time = config.body_time;
    limits.idle_time = config.idle_time;
    return {
        .listen = config.listen,
        .io_threads = static_cast<int>(config.io_threads),
        .limits = limits,
        .on_answer = [&metrics](int status) { metrics.answered(status); },
    };
}

}  // namespace

App::App(const Config& config, telemetry::Metrics& metrics)
    : metrics_(metrics),
      producer_(producer_config(config), metrics),
      publisher_(producer_, {.answer_within = config.answer_within}, metrics_),
      receive_webhook_(
          SignatureCheck(config.app_secret, config.app_secret_previous),
          WebhookRecords(config.ingest_key),
          publisher_,
          clock_,
          metrics_
      ),
      routes_(receive_webhook_, config.verify_token, [this] { return ready(); }),
      server_(
          server_config(config, metrics_),
          [this](const http::Request& request, http::Responder responder) {
              routes_.handle(request, std::move(responder));
          }
      ) {}

Status App::start() {
    // Acknowledgements are answers: on the thread of their connections they need no other.
    server_.watch(producer_.descriptor(), [this] { producer_.serve(); });
    TECNOCHAT_CHECK(server_.start());
    telemetry::log_info("listening for webhooks", {{"port", server_.port()}});
    return ok();
}

bool App::ready() const {
    return producer_.connected();
}

void App::stop(Deadline deadline) {
    server_.stop(deadline);
}

}  // namespace tecnochat::webhook_ingress
