#include "events/consumers.hpp"

#include <algorithm>
#include <chrono>

#include "tecnochat/core/failpoint.hpp"
#include "tecnochat/kafka/topics.hpp"

namespace tecnochat::message_router {
namespace {

namespace topics = kafka::topics;

Failpoint inbound_before{"message-router.inbound.offset.before"};
Failpoint inbound_after{"message-router.inbound.offset.after"};
Failpoint replies_before{"message-router.replies.offset.before"};
Failpoint replies_after{"message-router.replies.offset.after"};
Failpoint sent_before{"message-router.sent.offset.before"};
Failpoint sent_after{"message-router.sent.offset.after"};
Failpoint status_before{"message-router.status.offset.before"};
Failpoint status_after{"message-router.status.offset.after"};
Failpoint channels_before{"message-router.channels.offset.before"};
Failpoint channels_after{"message-router.channels.offset.after"};

/// Nobody waits for ticks that closely, and they are half of all events: few large transactions.
constexpr Milliseconds kDeliveriesGather{50};

/// A message may wait for its channel event, whose own consumer must not take longer for its next
/// try after the database was away: see domain::UnknownNumbers.
constexpr Milliseconds kChannelPause{1000};

kafka::ConsumerConfig consumer_config(
    const config::KafkaSettings& kafka, std::string_view topic, Failpoint& before, Failpoint& after
) {
    kafka::ConsumerConfig config;
    config.kafka = kafka;
    config.service = "message-router";
    config.topic = topic;
    if (topic == topics::kWhatsappSent || topic == topics::kWhatsappStatus)
        config.gather = kDeliveriesGather;
    if (topic == topics::kChannelEvents || topic == topics::kWhatsappInbound)
        config.longest_pause = kChannelPause;
    config.before_offset_commit = &before;
    config.after_offset_commit = &after;
    return config;
}

template <class UseCase>
kafka::Consumer::Handler timed(std::string name, UseCase& use_case, RouterMetrics& router_metrics) {
    return
        [name = std::move(name), &use_case, &router_metrics](std::span<const kafka::Record> records
        ) {
            const auto begin = std::chrono::steady_clock::now();
            Status status = use_case(records);
            const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
            if (status) router_metrics.record_batch(name, records.size(), took.count());
            return status;
        };
}

}  // namespace

Consumers::Consumers(
    Handlers handlers,
    const config::KafkaSettings& kafka,
    RouterMetrics& router_metrics,
    telemetry::Metrics& metrics
) {
    const auto add = [&](std::string_view topic,
                         Failpoint& before,
                         Failpoint& after,
                         kafka::Consumer::Handler handler) {
        consumers_.push_back(std::make_unique<kafka::Consumer>(
            consumer_config(kafka, topic, before, after), std::move(handler), metrics
        ));
    };
    add(topics::kChannelEvents,
        channels_before,
        channels_after,
        timed("channels", handlers.channels, router_metrics));
    add(topics::kWhatsappInbound,
        inbound_before,
        inbound_after,
        timed("inbound", handlers.inbound, router_metrics));
    add(topics::kAiReplies,
        replies_before,
        replies_after,
        timed("replies", handlers.replies, router_metrics));
    add(topics::kWhatsappSent, sent_before, sent_after, timed("sent", handlers.sent, router_metrics)
    );
    add(topics::kWhatsappStatus,
        status_before,
        status_after,
        timed("status", handlers.status, router_metrics));
}

void Consumers::start() {
    for (const auto& consumer : consumers_) consumer->start();
}

void Consumers::stop() {
    for (const auto& consumer : consumers_) consumer->stop();
}

bool Consumers::ready() const {
    return std::all_of(consumers_.begin(), consumers_.end(), [](const auto& consumer) {
        return consumer->ready();
    });
}

}  // namespace tecnochat::message_router
