#include "effects.hpp"

namespace tecnochat::message_router {

void Effects::merge(Effects other) {
    events.merge(std::move(other.events));
    for (const auto& [key, count] : other.turns_ended) turns_ended[key] += count;
    for (const auto& [reason, count] : other.dropped) dropped[reason] += count;
    reply_seconds.insert(
        reply_seconds.end(), other.reply_seconds.begin(), other.reply_seconds.end()
    );
    turns_overdue += other.turns_overdue;
}

void RouterMetrics::record(std::string_view consumer, const Effects& effects) {
    for (const auto& [key, count] : effects.turns_ended) {
        metrics_
            .counter(
                "tecnochat_router_turns_total",
                "Turns that ended, by outcome and reason of silence.",
                {{"outcome", std::string(key.first)}, {"reason", std::string(key.second)}}
            )
            .increment(static_cast<double>(count));
    }
    for (const auto& [reason, count] : effects.dropped) {
        metrics_
            .counter(
                "tecnochat_router_dropped_total",
                "Events that changed nothing, by consumer and reason.",
                {{"consumer", std::string(consumer)}, {"reason", std::string(reason)}}
            )
            .increment(static_cast<double>(count));
    }
    if (effects.turns_overdue > 0) {
        metrics_
            .counter(
                "tecnochat_router_turns_overdue_total",
                "Turns handed over to a person because the AI did not answer in time."
            )
            .increment(static_cast<double>(effects.turns_overdue));
    }
    if (effects.reply_seconds.empty()) return;
    auto latency = metrics_.histogram(
        "tecnochat_router_reply_seconds",
        "From the customer's message reaching us until its answer was stored."
    );
    for (const double seconds : effects.reply_seconds) latency.observe(seconds);
}

void RouterMetrics::record_batch(std::string_view consumer, std::size_t size, double seconds) {
    const telemetry::Labels labels{{"consumer", std::string(consumer)}};
    metrics_
        .histogram(
            "tecnochat_router_batch_records",
            "Records in one batch.",
            labels,
            {1, 2, 5, 10, 20, 50, 100, 200, 500}
        )
        .observe(static_cast<double>(size));
    metrics_
        .histogram(
            "tecnochat_router_batch_seconds", "Time one batch took, commit included.", labels
        )
        .observe(seconds);
}

void RouterMetrics::record_standing(std::chrono::duration<double> stood) {
    if (stood.count() <= 0) return;
    metrics_
        .counter(
            "tecnochat_router_standing_seconds_total",
            "Time the inbound consumer stood still because messages waited for the channel event of their number."
        )
        .increment(stood.count());
}

}  // namespace tecnochat::message_router
