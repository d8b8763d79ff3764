#include "app.hpp"

namespace tecnochat::webhook_ingress {
namespace {

runtime::ServiceSteps steps{"webhook-ingress", kShape};

// A record that could not be delivered by then was answered with 503 long before and will come
// again; keeping it longer would only fill the queue that new webhooks need.
constexpr Milliseconds kDeliveryTimeout{10'000};

// How long a status may wait for others. Meta's own wait for its 200 lasts seconds.
constexpr Milliseconds kStatusesGather{10};

void set_up(kafka::ProducerConfig& producer) {
    producer.delivery_timeout = kDeliveryTimeout;
    producer.served_by_caller = true;
}

void gather_statuses(kafka::ProducerConfig& producer) {
    set_up(producer);
    producer.gather = kStatusesGather;
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
    : ServiceApp(steps, config.service, {.producer = set_up}, metrics),
      metrics_(metrics),
      statuses_(add_producer(gather_statuses)),
      publisher_({producer(), statuses_}, {.answer_within = config.answer_within}, metrics_),
      receive_webhook_(WebhookRecords(config.ingest_key), publisher_, clock(), metrics_),
      routes_(
          receive_webhook_,
          SignatureCheck(config.app_secret, config.app_secret_previous),
          config.verify_token,
          [this] { return ready(); }
      ),
      server_(server_config(config, metrics_), routes_) {
    server_.serve(producer());
    server_.serve(statuses_);
    intake(server_);
}

}  // namespace tecnochat::webhook_ingress
