#pragma once

#include <memory>
#include <vector>

#include "effects.hpp"
#include "tecnochat/kafka/consumer.hpp"
#include "use_cases/accept_replies.hpp"
#include "use_cases/apply_deliveries.hpp"
#include "use_cases/receive_inbound.hpp"
#include "use_cases/update_channels.hpp"

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
