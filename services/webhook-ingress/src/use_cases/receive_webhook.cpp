#include "use_cases/receive_webhook.hpp"

#include <utility>

#include "tecnochat/core/failpoint.hpp"
#include "tecnochat/telemetry/log.hpp"
#include "tecnochat/whatsapp/webhook.hpp"

namespace tecnochat::webhook_ingress {
namespace {

StepFailpoints produce{"webhook-ingress.produce"};

/// One per io thread: parsers reuse their memory and are not thread-safe.
whatsapp::WebhookParser& parser() {
    thread_local whatsapp::WebhookParser of_this_thread;
    return of_this_thread;
}

}  // namespace

ReceiveWebhook::ReceiveWebhook(
    WebhookRecords records, DurablePublisher& publisher, const Clock& clock, IngressMetrics& metrics
)
    : records_(std::move(records)), publisher_(publisher), clock_(clock), metrics_(metrics) {}

void ReceiveWebhook::run(std::string_view body, DurablePublisher::Done done) {
    const whatsapp::Webhook& webhook = parser().parse(body);
    auto records = records_.of(webhook, clock_.now(), telemetry::TraceContext::generate());
    count(webhook);
    produce.before.hit();
    publisher_.publish(records, [done = std::move(done)](bool durable) {
        if (durable) produce.after.hit();
        done(durable);
    });
}

void ReceiveWebhook::count(const whatsapp::Webhook& webhook) {
    metrics_.inbound_records.increment(static_cast<double>(webhook.messages.size()));
    metrics_.status_records.increment(static_cast<double>(webhook.statuses.size()));
    metrics_.account_records.increment(static_cast<double>(webhook.changes.size()));
    if (webhook.unreadable != 0) {
        metrics_.unreadable_items.increment(static_cast<double>(webhook.unreadable));
        telemetry::log_limited(
            telemetry::Level::kWarning, "a signed body has items that cannot be read; kept raw"
        );
    }
    const bool no_item = webhook.messages.empty() && webhook.statuses.empty();
    if (no_item && webhook.changes.size() == 1 &&
        webhook.changes[0].field == whatsapp::kUnparsedField) {
        metrics_.unparsed_bodies.increment();
        telemetry::log_limited(
            telemetry::Level::kWarning, "a signed body was no webhook; it is kept whole"
        );
    }
}

}  // namespace tecnochat::webhook_ingress
