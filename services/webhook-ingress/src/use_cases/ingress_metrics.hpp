#pragma once

#include <array>

#include "tecnochat/telemetry/metrics.hpp"

namespace tecnochat::webhook_ingress {

/// Everything this service counts. Looked up once: a request costs no map access.
class IngressMetrics {
 public:
    explicit IngressMetrics(telemetry::Metrics& metrics);

    /// Any thread.
    void answered(int status);

    telemetry::Counter inbound_records;
    telemetry::Counter status_records;
    telemetry::Counter account_records;
    telemetry::Counter unparsed_bodies;
    telemetry::Counter unreadable_items;
    telemetry::Histogram ack_seconds;
    telemetry::Gauge in_flight_webhooks;
    telemetry::Gauge in_flight_bytes;

 private:
    // By status code; codes the edge never gives share the last counter.
    static constexpr std::array kKnown{
        200, 400, 401, 403, 404, 405, 408, 413, 415, 431, 500, 501, 503
    };
    std::array<telemetry::Counter, kKnown.size() + 1> requests_;
};

}  // namespace tecnochat::webhook_ingress
