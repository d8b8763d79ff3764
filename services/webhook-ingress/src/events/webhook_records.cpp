#include "events/webhook_records.hpp"

#include <google/protobuf/util/time_util.h>

#include "tecnochat/crypto/encoding.hpp"
#include "tecnochat/kafka/topics.hpp"
#include "tecnochat/whatsapp/v1/events.pb.h"

namespace tecnochat::webhook_ingress {
namespace {

using google::protobuf::util::TimeUtil;
namespace v1 = whatsapp::v1;

constexpr std::string_view kSource = "/tecnochat/webhook-ingress";

google::protobuf::Timestamp to_proto(Timestamp time) {
    return TimeUtil::MillisecondsToTimestamp(to_unix_ms(time));
}

std::string text(std::string_view view) {
    return std::string(view);
}

kafka::OutRecord record(
    std::string_view topic,
    std::string key,
    std::string event_id,
    const google::protobuf::MessageLite& message,
    const telemetry::TraceContext& trace,
    Timestamp received_at
) {
    return {
        .topic = text(topic),
        .key = std::move(key),
        .value = message.SerializeAsString(),
        .headers = kafka::to_headers({
            .id = std::move(event_id),
            .type = message.GetTypeName(),
            .source = text(kSource),
            .time = received_at,
            .tenant = std::nullopt,
            .trace = trace,
        }),
    };
}

void set_content(v1::InboundMessage& out, const whatsapp::TextBody& content) {
    out.mutable_text()->set_body(text(content.body));
}

v1::InteractiveReplyKind reply_kind(whatsapp::ReplyKind kind) {
    switch (kind) {
        case whatsapp::ReplyKind::kButton:
            return v1::INTERACTIVE_REPLY_KIND_BUTTON;
        case whatsapp::ReplyKind::kList:
            return v1::INTERACTIVE_REPLY_KIND_LIST;
        case whatsapp::ReplyKind::kTemplateButton:
            return v1::INTERACTIVE_REPLY_KIND_TEMPLATE_BUTTON;
    }
    return v1::INTERACTIVE_REPLY_KIND_UNSPECIFIED;
}

void set_content(v1::InboundMessage& out, const whatsapp::ReplyTap& content) {
    auto& reply = *out.mutable_interactive_reply();
    reply.set_kind(reply_kind(content.kind));
    reply.set_id(text(content.id));
    reply.set_title(text(content.title));
    if (!content.description.empty()) reply.set_description(text(content.description));
}

void set_content(v1::InboundMessage& out, const whatsapp::RawBody& content) {
    auto& raw = *out.mutable_raw();
    raw.set_type(text(content.type));
    raw.set_json(text(content.json));
    if (!content.caption.empty()) raw.set_caption(text(content.caption));
}

v1::InboundMessage to_proto(const whatsapp::WebhookMessage& message, Timestamp received_at) {
    v1::InboundMessage out;
    out.set_phone_number_id(text(message.phone_number_id));
    out.set_waba_id(text(message.waba_id));
    out.set_display_phone_number(text(message.display_phone_number));
    out.set_message_id(text(message.message_id));
    out.set_from_phone(text(message.from_phone));
    out.set_from_user_id(text(message.from_user_id));
    out.set_profile_name(text(message.profile_name));
    if (message.sent_at) *out.mutable_sent_at() = to_proto(*message.sent_at);
    *out.mutable_received_at() = to_proto(received_at);
    out.set_context_message_id(text(message.context_message_id));
    std::visit([&out](const auto& content) { set_content(out, content); }, message.content);
    if (!message.other_json.empty()) out.set_other_json(text(message.other_json));
    if (!message.group_id.empty()) out.set_group_id(text(message.group_id));
    if (!message.referral_json.empty()) out.set_referral_json(text(message.referral_json));
    if (!message.from_parent_user_id.empty()) {
        out.set_from_parent_user_id(text(message.from_parent_user_id));
    }
    if (!message.problem.empty()) out.set_problem(text(message.problem));
    return out;
}

v1::DeliveryStatus delivery_status(std::string_view word) {
    if (word == "sent") return v1::DELIVERY_STATUS_SENT;
    if (word == "delivered") return v1::DELIVERY_STATUS_DELIVERED;
    if (word == "read") return v1::DELIVERY_STATUS_READ;
    if (word == "played") return v1::DELIVERY_STATUS_PLAYED;
    if (word == "failed") return v1::DELIVERY_STATUS_FAILED;
    return v1::DELIVERY_STATUS_UNSPECIFIED;
}

v1::MessageStatus to_proto(const whatsapp::WebhookStatus& status, Timestamp received_at) {
    v1::MessageStatus out;
    out.set_phone_number_id(text(status.phone_number_id));
    out.set_waba_id(text(status.waba_id));
    out.set_message_id(text(status.message_id));
    out.set_status(delivery_status(status.status));
    out.set_status_name(text(status.status));
    if (status.occurred_at) *out.mutable_occurred_at() = to_proto(*status.occurred_at);
    *out.mutable_received_at() = to_proto(received_at);
    out.set_recipient_phone(text(status.recipient_phone));
    out.set_recipient_user_id(text(status.recipient_user_id));
    out.set_opaque(text(status.opaque));
    for (const whatsapp::StatusError& error : status.errors) {
        auto& meta_error = *out.add_errors();
        meta_error.set_code(error.code);
        meta_error.set_title(text(error.title));
    }
    if (!status.other_json.empty()) out.set_other_json(text(status.other_json));
    return out;
}

v1::AccountChange to_proto(const whatsapp::WebhookChange& change, Timestamp received_at) {
    v1::AccountChange out;
    out.set_waba_id(text(change.waba_id));
    out.set_field(text(change.field));
    *out.mutable_received_at() = to_proto(received_at);
    out.set_json(text(change.json));
    return out;
}

/// Where Meta gave no id (or none that can be used), the same item of the same number delivered
/// again has the same one. Only raw messages are without.
std::string message_event_id(const whatsapp::WebhookMessage& message) {
    if (!message.message_id.empty()) return text(message.message_id);
    std::string identity = text(message.phone_number_id) + "\n";
    if (const auto* raw = std::get_if<whatsapp::RawBody>(&message.content)) {
        identity.append(raw->json);
    }
    return crypto::to_hex(crypto::sha256(identity));
}

/// The same change delivered again has the same id; the time tells equal changes apart.
std::string change_id(const whatsapp::WebhookChange& change) {
    std::string identity;
    identity.reserve(change.waba_id.size() + change.entry_time.size() + change.json.size() + 2);
    identity.append(change.waba_id).append("\n").append(change.entry_time).append("\n");
    identity.append(change.json);
    return crypto::to_hex(crypto::sha256(identity));
}

}  // namespace

WebhookRecords::WebhookRecords(const Secret& ingest_key) : ingest_key_(ingest_key.reveal()) {}

std::vector<kafka::OutRecord> WebhookRecords::of(
    const whatsapp::Webhook& webhook, Timestamp received_at, const telemetry::TraceContext& trace
) const {
    std::vector<kafka::OutRecord> records;
    records.reserve(webhook.messages.size() + webhook.statuses.size() + webhook.changes.size());
    for (const whatsapp::WebhookMessage& message : webhook.messages) {
        records.push_back(record(
            kafka::topics::kWhatsappInbound,
            key(message.phone_number_id, message.from_user_id, message.from_phone),
            message_event_id(message),
            to_proto(message, received_at),
            trace,
            received_at
        ));
    }
    for (const whatsapp::WebhookStatus& status : webhook.statuses) {
        records.push_back(record(
            kafka::topics::kWhatsappStatus,
            "",  // their order means nothing: without a key many go to one partition together
            text(status.message_id) + ":" + text(status.status),
            to_proto(status, received_at),
            trace,
            received_at
        ));
    }
    for (const whatsapp::WebhookChange& change : webhook.changes) {
        records.push_back(record(
            kafka::topics::kWhatsappAccount,
            text(change.waba_id),
            change_id(change),
            to_proto(change, received_at),
            trace,
            received_at
        ));
    }
    return records;
}

std::string WebhookRecords::key(
    std::string_view phone_number_id, std::string_view user_id, std::string_view phone
) const {
    std::string identity(phone_number_id);
    identity.append("|").append(user_id.empty() ? phone : user_id);
    return crypto::to_hex(ingest_key_.sign(identity));
}

}  // namespace tecnochat::webhook_ingress
