#include "consumers.hpp"

#include "events/decode.hpp"
#include "events/waiting.hpp"
#include "tecnochat/kafka/topics.hpp"
#include "tecnochat/pipeline/transactional.hpp"

namespace tecnochat::message_router {

namespace topics = kafka::topics;

const pipeline::TransactionalTopic kChannels{"message-router", topics::kChannelEvents};
const pipeline::TransactionalTopic kInbound{"message-router", topics::kWhatsappInbound};
const pipeline::TransactionalTopic kReplies{"message-router", topics::kAiReplies};
const pipeline::TransactionalTopic kSent{"message-router", topics::kWhatsappSent};
const pipeline::TransactionalTopic kStatus{"message-router", topics::kWhatsappStatus};

namespace {

pipeline::Source<domain::DeliveryReport> reports(
    std::function<Result<domain::DeliveryReport>(const kafka::Record&)> decode,
    ApplyDeliveries& use_case
) {
    return {std::move(decode), [&use_case](auto values, Deadline deadline) {
                return use_case.resolve(values, deadline);
            }};
}

Result<UpdateChannels::Event> channel_or_tombstone(const kafka::Record& record) {
    if (record.value.empty()) return UpdateChannels::Event();
    TECNOCHAT_TRY(auto channel, events::channel_event(record));
    return UpdateChannels::Event(std::move(channel));
}

}  // namespace

kafka::Consumer::Handler channels_handler(
    const pipeline::Runtime& runtime, UpdateChannels& use_case
) {
    return pipeline::transactional(
        runtime,
        kChannels,
        pipeline::Source<UpdateChannels::Event>{channel_or_tombstone, UpdateChannels::resolve},
        use_case
    );
}

kafka::Consumer::Handler inbound_handler(
    const pipeline::Runtime& runtime, ReceiveInbound& use_case
) {
    return pipeline::transactional(
        runtime,
        kInbound,
        pipeline::Source<domain::ArrivedMessage>{
            events::arrived_message,
            [&use_case](auto messages, Deadline deadline) {
                return use_case.resolve(messages, deadline);
            }
        },
        use_case
    );
}

kafka::Consumer::Handler replies_handler(
    const pipeline::Runtime& runtime, AcceptReplies& use_case
) {
    return pipeline::transactional(
        runtime,
        kReplies,
        pipeline::Source<domain::AiReply>{
            events::ai_reply, pipeline::tenant_from(&domain::AiReply::tenant)
        },
        use_case
    );
}

kafka::Consumer::Handler sent_handler(const pipeline::Runtime& runtime, ApplyDeliveries& use_case) {
    return pipeline::transactional(
        runtime, kSent, reports(events::send_update, use_case), use_case
    );
}

kafka::Consumer::Handler status_handler(
    const pipeline::Runtime& runtime, ApplyDeliveries& use_case, const whatsapp::OpaqueCodec& codec
) {
    const auto decode = [&codec](const kafka::Record& record) {
        return events::message_status(record, codec);
    };
    return pipeline::transactional(runtime, kStatus, reports(decode, use_case), use_case);
}

}  // namespace tecnochat::message_router
