#include "events/send_updates.hpp"

#include <fmt/format.h>
#include <google/protobuf/util/time_util.h>

#include "tecnochat/kafka/topics.hpp"
#include "tecnochat/whatsapp/v1/events.pb.h"
#include "wire.hpp"

namespace tecnochat::whatsapp_connector {
namespace {

using google::protobuf::util::TimeUtil;

constexpr std::string_view kSource = "/tecnochat/whatsapp-connector";

whatsapp::v1::SendState to_proto(SendState state) {
    switch (state) {
        case SendState::kQueued:
        case SendState::kClaimed:
        case SendState::kWire:
            return whatsapp::v1::SEND_STATE_UNSPECIFIED;
        case SendState::kAccepted:
            return whatsapp::v1::SEND_STATE_ACCEPTED;
        case SendState::kInDoubt:
            return whatsapp::v1::SEND_STATE_IN_DOUBT;
        case SendState::kSent:
            return whatsapp::v1::SEND_STATE_SENT;
        case SendState::kFailed:
            return whatsapp::v1::SEND_STATE_FAILED;
        case SendState::kUnknown:
            return whatsapp::v1::SEND_STATE_UNKNOWN;
    }
    return whatsapp::v1::SEND_STATE_UNSPECIFIED;
}

whatsapp::v1::SendUpdate to_proto(const SendChange& change, Timestamp now) {
    whatsapp::v1::SendUpdate update;
    update.set_send_id(change.id.to_string());
    update.set_phone_number_id(change.phone_number_id);
    update.set_conversation_id(change.conversation.to_string());
    update.set_state(to_proto(change.state));
    update.set_message_id(change.wamid);
    update.set_error_code(change.error_code);
    update.set_failure(static_cast<whatsapp::v1::SendFailure>(change.failure));
    *update.mutable_occurred_at() = TimeUtil::MillisecondsToTimestamp(to_unix_ms(now));
    return update;
}

std::optional<telemetry::TraceContext> trace_of(const SendChange& change) {
    const auto ordered = telemetry::TraceContext::parse(change.traceparent);
    if (!ordered) return std::nullopt;
    return ordered->child();
}

}  // namespace

std::vector<outbox::Entry> send_updates(std::span<const SendChange> changes, Timestamp now) {
    std::vector<outbox::Entry> entries;
    for (const auto& change : changes) {
        const auto update = to_proto(change, now);
        if (update.state() == whatsapp::v1::SEND_STATE_UNSPECIFIED) continue;
        kafka::EventHeaders headers{
            .id =
                fmt::format("{}:{}:{}", update.send_id(), to_string(change.state), change.attempt),
            .type = whatsapp::v1::SendUpdate::descriptor()->full_name(),
            .source = std::string(kSource),
            .time = now,
            .tenant = change.tenant,
            .trace = trace_of(change),
        };
        // Ordered per send, whose row the transaction has locked; the record key keeps a
        // conversation on one partition.
        entries.push_back(
            {change.tenant,
             change.id.uuid(),
             {std::string(kafka::topics::kWhatsappSent),
              update.conversation_id(),
              update.SerializeAsString(),
              kafka::to_headers(headers)}}
        );
    }
    return entries;
}

outbox::Entry channel_event(const channels::Channel& channel, Timestamp now) {
    const auto event = to_wire(channel, now);
    kafka::EventHeaders headers{
        .id = fmt::format("{}:{}", channel.phone_number_id, channel.epoch),
        .type = whatsapp::v1::ChannelEvent::descriptor()->full_name(),
        .source = std::string(kSource),
        .time = now,
        .tenant = channel.tenant,
        .trace = telemetry::current_trace(),
    };
    return {
        channel.tenant,
        Uuid::v5(kTecnochatNamespace, "channel:" + channel.phone_number_id),
        {std::string(kafka::topics::kChannelEvents),
         channel.phone_number_id,
         event.SerializeAsString(),
         kafka::to_headers(headers)}
    };
}

}  // namespace tecnochat::whatsapp_connector
