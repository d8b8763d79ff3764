#include "use_cases/ingress_metrics.hpp"

#include <algorithm>
#include <string>

#include "tecnochat/kafka/topics.hpp"

namespace tecnochat::webhook_ingress {
namespace {

telemetry::Counter records(telemetry::Metrics& metrics, std::string_view topic) {
    return metrics.counter(
        "tecnochat_ingress_records_total",
        "Records made from signed webhooks, by topic",
        {{"topic", std::string(topic)}}
    );
}

telemetry::Counter requests(telemetry::Metrics& metrics, const std::string& code) {
    return metrics.counter(
        "tecnochat_ingress_requests_total", "HTTP answers of the public port", {{"code", code}}
    );
}

}  // namespace

IngressMetrics::IngressMetrics(telemetry::Metrics& metrics)
    : inbound_records(records(metrics, kafka::topics::kWhatsappInbound)),
      status_records(records(metrics, kafka::topics::kWhatsappStatus)),
      account_records(records(metrics, kafka::topics::kWhatsappAccount)),
      unparsed_bodies(metrics.counter(
          "tecnochat_ingress_unparsed_total", "Signed bodies that were no webhook, kept whole"
      )),
      unreadable_items(metrics.counter(
          "tecnochat_ingress_unreadable_items_total",
          "Messages and statuses that could not be read, kept raw"
      )),
      ack_seconds(metrics.histogram(
          "tecnochat_ingress_ack_seconds",
          "From the first produce of a webhook to the last report on its records"
      )),
      in_flight_webhooks(metrics.gauge(
          "tecnochat_ingress_in_flight_webhooks", "Webhooks waiting for acknowledgements"
      )),
      in_flight_bytes(metrics.gauge("tecnochat_ingress_in_flight_bytes", "Their records' size")) {
    for (std::size_t i = 0; i < kKnown.size(); ++i) {
        requests_[i] = requests(metrics, std::to_string(kKnown[i]));
    }
    requests_.back() = requests(metrics, "other");
}

void IngressMetrics::answered(int status) {
    const auto* const found = std::find(kKnown.begin(), kKnown.end(), status);
    requests_[static_cast<std::size_t>(found - kKnown.begin())].increment();
}

}  // namespace tecnochat::webhook_ingress
