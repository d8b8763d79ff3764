#include "use_cases/receive_webhook.hpp"

#include <memory>

#include "tecnochat/core/failpoint.hpp"
#include "tecnochat/telemetry/log.hpp"
#include "tecnochat/whatsapp/webhook.hpp"

namespace tecnochat::webhook_ingress {
namespace {

Failpoint before_produce{"webhook-ingress.produce.before"};
Failpoint after_produce{"webhook-ingress.produce.after"};
// Around the bytes of the 200 that tells Meta never to deliver this webhook again.
Failpoint before_response{"webhook-ingress.response.before"};
Failpoint after_response{"webhook-ingress.response.after"};

static_assert(http::kBodyPadding >= whatsapp::kWebhookPadding);

/// One per io thread: parsers reuse their memory and are not thread-safe.
whatsapp::WebhookParser& parser() {
    thread_local whatsapp::WebhookParser of_this_thread;
    return of_this_thread;
}

}  // namespace

ReceiveWebhook::ReceiveWebhook(
    SignatureCheck signature,
    WebhookRecords records,
    DurablePublisher& publisher,
    const Clock& clock,
    IngressMetrics& metrics
)
    : signature_(std::move(signature)),
      records_(std::move(records)),
      publisher_(publisher),
      clock_(clock),
      metrics_(metrics) {}

void ReceiveWebhook::operator()(
    std::string_view signature_header, std::string_view body, http::Responder responder
) {
    if (!signature_.accepts(signature_header, body)) {
        responder.send({.status = 401});
        return;
    }
    const whatsapp::Webhook& webhook = parser().parse(body);
    auto records = records_.of(webhook, clock_.now(), telemetry::TraceContext::generate());
    count(webhook);
    before_produce.hit();
    // std::function wants to be copyable; owner is whichever copy of the callback is left.
    const auto answer = std::make_shared<http::Responder>(std::move(responder));
    publisher_.publish(records, [answer](bool durable) {
        if (!durable) {
            answer->send({.status = 503});
            return;
        }
        after_produce.hit();
        answer->send({.status = 200, .failpoints = {&before_response, &after_response}});
    });
}

void ReceiveWebhook::count(const whatsapp::Webhook& webhook) {
    metrics_.inbound_records.increment(static_cast<double>(webhook.messages.size()));
    metrics_.status_records.increment(static_cast<double>(webhook.statuses.size()));
    metrics_.account_records.increment(static_cast<double>(webhook.changes.size()));
    if (webhook.changes.size() == 1 && webhook.changes[0].field == whatsapp::kUnparsedField) {
        metrics_.unparsed_bodies.increment();
        telemetry::log_limited(
            telemetry::Level::kWarning, "a signed body was no webhook; it is kept whole"
        );
    }
}

}  // namespace tecnochat::webhook_ingress
