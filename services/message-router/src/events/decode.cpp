#include "events/decode.hpp"

#include <algorithm>

#include "tecnochat/ai/v1/events.pb.h"
#include "tecnochat/rpc/wire.hpp"
#include "tecnochat/whatsapp/limits.hpp"
#include "tecnochat/whatsapp/v1/events.pb.h"

namespace tecnochat::message_router::events {
namespace {

namespace wa = tecnochat::whatsapp::v1;

constexpr std::size_t kKeyBytesMax = 512;  // ids of numbers
constexpr std::size_t kTypeBytesMax = 64;
constexpr int kSourcesMax = 10;

Error unparsable(std::string what) {
    return make_error(ErrorCode::kInvalidArgument, std::move(what), "UNPARSABLE");
}

bool has_control(std::string_view text) {
    return std::any_of(text.begin(), text.end(), [](char c) {
        return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
    });
}

bool is_key(std::string_view text, std::size_t bytes_max = kKeyBytesMax) {
    return !text.empty() && text.size() <= bytes_max && !has_control(text);
}

bool is_message_id(std::string_view text) {
    return is_key(text, whatsapp::kMessageIdBytesMax);
}

// Empty means absent (proto3); a value that is there must be a key.
Result<std::optional<std::string>> optional_key(
    const std::string& text, const char* what, std::size_t bytes_max
) {
    if (text.empty()) return std::optional<std::string>();
    if (!is_key(text, bytes_max)) return unparsable(what);
    return std::optional(text);
}

template <class Message>
Result<Message> parse(const kafka::Record& record) {
    Message message;
    if (!message.ParseFromString(record.value)) return unparsable("not the topic's message");
    return message;
}

std::optional<Timestamp> to_time(const google::protobuf::Timestamp& time) {
    if (time.seconds() <= 0) return std::nullopt;
    return rpc::to_time(time);
}

void take_content(const wa::InboundMessage& wire, domain::InboundMessage& message) {
    switch (wire.content_case()) {
        case wa::InboundMessage::kText:
            message.kind = domain::ContentKind::kText;
            message.type = "text";
            message.body = wire.text().body();
            return;
        case wa::InboundMessage::kInteractiveReply:
            message.kind = domain::ContentKind::kText;
            message.type =
                wire.interactive_reply().kind() == wa::INTERACTIVE_REPLY_KIND_TEMPLATE_BUTTON
                    ? "button"
                    : "interactive";
            message.body = wire.interactive_reply().title();
            message.tapped = wire.interactive_reply().id();
            return;
        case wa::InboundMessage::kRaw: {
            const auto& type = wire.raw().type();
            const bool plain = !type.empty() && type.size() <= kTypeBytesMax && !has_control(type);
            message.type = plain ? type : "unknown";
            message.kind = domain::kind_of_raw_type(message.type, wire.raw().caption());
            message.body = wire.raw().json();
            if (message.kind == domain::ContentKind::kCaptioned)
                message.caption = wire.raw().caption();
            return;
        }
        case wa::InboundMessage::CONTENT_NOT_SET:
            message.type = "unknown";
            message.kind = domain::ContentKind::kNotAQuestion;
            return;
    }
}

std::optional<domain::AiAction> to_action(ai::v1::AiAction action) {
    switch (action) {
        case ai::v1::AI_ACTION_ANSWER:
            return domain::AiAction::kAnswer;
        case ai::v1::AI_ACTION_REFUSE:
            return domain::AiAction::kRefuse;
        case ai::v1::AI_ACTION_HANDOFF:
            return domain::AiAction::kHandoff;
        case ai::v1::AI_ACTION_SMALLTALK:
            return domain::AiAction::kSmalltalk;
        default:  // proto3 enums are open: a newer ai-reply may send what we do not know
            return std::nullopt;
    }
}

std::optional<domain::MessageStatus> to_status(wa::SendState state) {
    switch (state) {
        case wa::SEND_STATE_ACCEPTED:
        case wa::SEND_STATE_IN_DOUBT:
            return domain::MessageStatus::kSending;
        case wa::SEND_STATE_SENT:
            return domain::MessageStatus::kSent;
        case wa::SEND_STATE_FAILED:
            return domain::MessageStatus::kFailed;
        case wa::SEND_STATE_UNKNOWN:
            return domain::MessageStatus::kUnknown;
        default:  // open enum
            return std::nullopt;
    }
}

std::optional<domain::MessageStatus> to_status(wa::DeliveryStatus status) {
    switch (status) {
        case wa::DELIVERY_STATUS_SENT:
            return domain::MessageStatus::kSent;
        case wa::DELIVERY_STATUS_DELIVERED:
            return domain::MessageStatus::kDelivered;
        case wa::DELIVERY_STATUS_READ:
        case wa::DELIVERY_STATUS_PLAYED:
            return domain::MessageStatus::kRead;
        case wa::DELIVERY_STATUS_FAILED:
            return domain::MessageStatus::kFailed;
        default:  // open enum
            return std::nullopt;
    }
}

std::optional<channels::State> to_state(wa::ChannelState state) {
    switch (state) {
        case wa::CHANNEL_STATE_CONNECTED:
            return channels::State::kConnected;
        case wa::CHANNEL_STATE_DISCONNECTED:
            return channels::State::kDisconnected;
        case wa::CHANNEL_STATE_SUSPENDED:
            return channels::State::kSuspended;
        default:  // open enum
            return std::nullopt;
    }
}

}  // namespace

Result<domain::InboundMessage> inbound_message(const kafka::Record& record) {
    TECNOCHAT_TRY(auto wire, parse<wa::InboundMessage>(record));
    domain::InboundMessage message;
    message.problem = domain::known_problem(wire.problem());
    if (!message.problem.empty()) return message;
    if (!is_key(wire.phone_number_id())) return unparsable("phone_number_id");
    if (!is_message_id(wire.message_id())) return unparsable("message_id");
    TECNOCHAT_TRY(
        message.from.user_id,
        optional_key(wire.from_user_id(), "from_user_id", whatsapp::kPersonIdBytesMax)
    );
    TECNOCHAT_TRY(
        message.from.phone,
        optional_key(wire.from_phone(), "from_phone", whatsapp::kPersonIdBytesMax)
    );
    if (!message.from.user_id && !message.from.phone) return unparsable("no sender");
    message.phone_number_id = wire.phone_number_id();
    message.display_phone_number = wire.display_phone_number();
    message.group_id = wire.group_id();
    message.wamid = wire.message_id();
    message.profile_name = wire.profile_name();
    const auto received_at = to_time(wire.received_at());
    const auto sent_at = to_time(wire.sent_at());
    message.received_at = received_at.value_or(record.timestamp);
    message.sent_at = sent_at.value_or(message.received_at);
    take_content(wire, message);
    return message;
}

Result<domain::AiReply> ai_reply(const kafka::Record& record) {
    TECNOCHAT_TRY(auto wire, parse<ai::v1::AiReply>(record));
    domain::AiReply reply;
    TECNOCHAT_TRY(reply.tenant, TenantId::parse(wire.tenant_id()));
    TECNOCHAT_TRY(reply.conversation, ConversationId::parse(wire.conversation_id()));
    TECNOCHAT_TRY(reply.turn, TurnId::parse(wire.turn_id()));
    const auto action = to_action(wire.action());
    if (!action) return unparsable("action");
    reply.turn_epoch = wire.turn_epoch();
    reply.action = *action;
    reply.text = wire.text();
    for (const auto& source : wire.sources()) {
        if (static_cast<int>(reply.sources.size()) == kSourcesMax) break;
        reply.sources.push_back({source.item_id(), source.title(), source.score()});
    }
    return reply;
}

Result<domain::DeliveryReport> send_update(const kafka::Record& record) {
    TECNOCHAT_TRY(auto wire, parse<wa::SendUpdate>(record));
    if (!is_key(wire.phone_number_id())) return unparsable("phone_number_id");
    domain::DeliveryReport report;
    report.phone_number_id = wire.phone_number_id();
    TECNOCHAT_TRY(auto send_id, MessageId::parse(wire.send_id()));
    report.message = send_id;
    TECNOCHAT_TRY(
        report.wamid, optional_key(wire.message_id(), "message_id", whatsapp::kMessageIdBytesMax)
    );
    report.status = to_status(wire.state());
    if (wire.state() == wa::SEND_STATE_FAILED) {
        const bool metas = wire.error_code() != 0;
        report.error_code = metas ? wire.error_code() : -static_cast<int>(wire.failure());
    }
    return report;
}

Result<domain::DeliveryReport> message_status(
    const kafka::Record& record, const whatsapp::OpaqueCodec& codec
) {
    TECNOCHAT_TRY(auto wire, parse<wa::MessageStatus>(record));
    if (!is_key(wire.phone_number_id())) return unparsable("phone_number_id");
    if (!is_message_id(wire.message_id())) return unparsable("message_id");
    domain::DeliveryReport report;
    report.phone_number_id = wire.phone_number_id();
    if (const auto opaque = codec.decode(wire.opaque())) report.message = opaque->send_id;
    report.wamid = wire.message_id();
    report.status = to_status(wire.status());
    if (wire.status() == wa::DELIVERY_STATUS_FAILED && wire.errors_size() > 0)
        report.error_code = wire.errors(0).code();
    return report;
}

Result<channels::Channel> channel_event(const kafka::Record& record) {
    TECNOCHAT_TRY(auto wire, parse<wa::ChannelEvent>(record));
    if (!is_key(wire.phone_number_id())) return unparsable("phone_number_id");
    if (has_control(wire.waba_id()) || has_control(wire.display_phone_number()))
        return unparsable("waba_id or display_phone_number");
    const auto state = to_state(wire.state());
    if (!state) return unparsable("state");
    TECNOCHAT_TRY(auto tenant, TenantId::parse(wire.tenant_id()));
    return channels::Channel{
        wire.phone_number_id(),
        tenant,
        wire.waba_id(),
        wire.display_phone_number(),
        *state,
        wire.epoch()
    };
}

}  // namespace tecnochat::message_router::events
