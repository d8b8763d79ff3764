#pragma once

#include <memory>
#include <vector>

#include "accept_replies.hpp"
#include "apply_deliveries.hpp"
#include "effects.hpp"
#include "receive_inbound.hpp"
#include "tecnochat/kafka/consumer.hpp"
#include "update_channels.hpp"

namespace tecnochat::message_router {

/// The five topics and what takes their batches, one thread each.
class Consumers {
 public:
    struct Handlers {
        ReceiveInbound& inbound;
        AcceptReplies& replies;
        ApplyDeliveries& sent;
        ApplyDeliveries& status;
        UpdateChannels& channels;
    };

    Consumers(
        Handlers handlers,
        const config::KafkaSettings& kafka,
        RouterMetrics& router_metrics,
        telemetry::Metrics& metrics
    );

    void start();
    /// Finishes the batches under way.
    void stop();
    [[nodiscard]] bool ready() const;

 private:
    std::vector<std::unique_ptr<kafka::Consumer>> consumers_;
};

}  // namespace tecnochat::message_router
