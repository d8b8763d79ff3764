#pragma once

#include <string_view>

#include "events/webhook_records.hpp"
#include "tecnochat/core/clock.hpp"
#include "use_cases/durable_publisher.hpp"
#include "use_cases/ingress_metrics.hpp"

namespace tecnochat::webhook_ingress {

/// The one thing this service does: a signed webhook becomes durable events. Called on the io
/// threads; does not block.
class ReceiveWebhook {
 public:
    ReceiveWebhook(
        WebhookRecords records,
        DurablePublisher& publisher,
        const Clock& clock,
        IngressMetrics& metrics
    );
    /// `body` needs whatsapp::kWebhookPadding readable bytes behind it. `done` hears true once
    /// every item is acknowledged by the broker (acks=all), or there is nothing in it to keep;
    /// false: it must come again.
    void run(std::string_view body, DurablePublisher::Done done);

 private:
    void count(const whatsapp::Webhook& webhook);

    WebhookRecords records_;
    DurablePublisher& publisher_;
    const Clock& clock_;
    IngressMetrics& metrics_;
};

}  // namespace tecnochat::webhook_ingress
