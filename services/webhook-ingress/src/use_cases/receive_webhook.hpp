#pragma once

#include <string_view>

#include "durable_publisher.hpp"
#include "events/webhook_records.hpp"
#include "http/signature.hpp"
#include "metrics.hpp"
#include "tecnochat/core/clock.hpp"
#include "tecnochat/http/server.hpp"

namespace tecnochat::webhook_ingress {

/// The one thing this service does: a signed webhook becomes durable events, then 200.
///
///   401  no signature or a wrong one
///   200  every item acknowledged by the broker (acks=all), or nothing in it to keep
///   503  anything else: Meta delivers again, for days
///
/// Called on the io threads; does not block.
class ReceiveWebhook {
 public:
    ReceiveWebhook(
        SignatureCheck signature,
        WebhookRecords records,
        DurablePublisher& publisher,
        const Clock& clock,
        IngressMetrics& metrics
    );
    /// `body` needs whatsapp::kWebhookPadding readable bytes behind it.
    void operator()(
        std::string_view signature_header, std::string_view body, http::Responder responder
    );

 private:
    void count(const whatsapp::Webhook& webhook);

    SignatureCheck signature_;
    WebhookRecords records_;
    DurablePublisher& publisher_;
    const Clock& clock_;
    IngressMetrics& metrics_;
};

}  // namespace tecnochat::webhook_ingress
