#pragma once

#include "tecnochat/pipeline/runtime.hpp"
#include "tecnochat/pipeline/topic.hpp"
#include "tecnochat/runtime/service_app.hpp"
#include "tecnochat/whatsapp/opaque.hpp"
#include "use_cases/accept_replies.hpp"
#include "use_cases/apply_deliveries.hpp"
#include "use_cases/receive_inbound.hpp"
#include "use_cases/update_channels.hpp"

namespace tecnochat::message_router {

// The topics the service reads, each with its failpoints.
extern const pipeline::TransactionalTopic kChannels;
extern const pipeline::TransactionalTopic kInbound;
extern const pipeline::TransactionalTopic kReplies;
extern const pipeline::TransactionalTopic kSent;
extern const pipeline::TransactionalTopic kStatus;

/// Nobody waits for ticks that closely, and they are half of all events: few large transactions.
inline constexpr runtime::TopicOptions kDeliveries{.gather = Milliseconds(50)};

// What takes the batches of one topic. The use case, and the codec, outlive it.
kafka::Consumer::Handler channels_handler(const pipeline::Runtime&, UpdateChannels& use_case);
kafka::Consumer::Handler inbound_handler(const pipeline::Runtime&, ReceiveInbound& use_case);
kafka::Consumer::Handler replies_handler(const pipeline::Runtime&, AcceptReplies& use_case);
kafka::Consumer::Handler sent_handler(const pipeline::Runtime&, ApplyDeliveries& use_case);
kafka::Consumer::Handler status_handler(
    const pipeline::Runtime&, ApplyDeliveries& use_case, const whatsapp::OpaqueCodec& codec
);

}  // namespace tecnochat::message_router
