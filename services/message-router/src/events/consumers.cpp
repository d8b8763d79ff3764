#include "events/consumers.hpp"

#include <algorithm>
#include <chrono>

#include "tecnochat/core/failpoint.hpp"
#include "tecnochat/kafka/topics.hpp"

namespace tecnochat::message_router {
namespace {

namespace topics = kafka::topics;

StepFailpoints inbound_offset{"message-router.inbound.offset"};
StepFailpoints replies_offset{"message-router.replies.offset"};
StepFailpoints sent_offset{"message-router.sent.offset"};
StepFailpoints status_offset{"message-router.status.offset"};
StepFailpoints channels_offset{"message-router.channels.offset"};

/// Nobody waits for ticks that closely, and they are half of all events: few large transactions.
constexpr Milliseconds kDeliveriesGather{50};

/// A message may wait for its channel event, whose own consumer must not take longer for its next
/// try after the database was away: see domain::UnknownNumbers.
constexpr Milliseconds kChannelPause{1000};

kafka::ConsumerConfig consumer_config(
    const config::KafkaSettings& kafka, std::string_view topic, StepFailpoints& offset
) {
    kafka::ConsumerConfig config;
    config.kafka = kafka;
    config.service = "message-router";
    config.topic = topic;
    if (topic == topics::kWhatsappSent || topic == topics::kWhatsappStatus)
        config.gather = kDeliveriesGather;
    if (topic == topics::kChannelEvents || topic == topics::kWhatsappInbound)
        config.longest_pause = kChannelPause;
    config.offset = &offset;
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
    const auto add =
        [&](std::string_view topic, StepFailpoints& offset, kafka::Consumer::Handler handler) {
            consumers_.push_back(std::make_unique<kafka::Consumer>(
                consumer_config(kafka, topic, offset), std::move(handler), metrics
            ));
        };
    add(topics::kChannelEvents,
        channels_offset,
        timed("channels", handlers.channels, router_metrics));
    add(topics::kWhatsappInbound, inbound_offset, timed("inbound", handlers.inbound, router_metrics)
    );
    add(topics::kAiReplies, replies_offset, timed("replies", handlers.replies, router_metrics));
    add(topics::kWhatsappSent, sent_offset, timed("sent", handlers.sent, router_metrics));
    add(topics::kWhatsappStatus, status_offset, timed("status", handlers.status, router_metrics));
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
