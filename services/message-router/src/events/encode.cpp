#include "events/encode.hpp"

#include <utility>

#include "tecnochat/ai/v1/events.pb.h"
#include "tecnochat/kafka/topics.hpp"
#include "tecnochat/rpc/wire.hpp"
#include "tecnochat/whatsapp/v1/events.pb.h"

namespace tecnochat::message_router::events {
namespace {

namespace wa = tecnochat::whatsapp::v1;

template <class Message>
outbox::Entry entry(
    const Envelope& envelope, std::string_view topic, std::string event_id, const Message& message
) {
    kafka::EventHeaders headers;
    headers.id = std::move(event_id);
    headers.type = message.GetTypeName();
    headers.source = "/tecnochat/message-router";
    headers.time = envelope.now;
    headers.tenant = envelope.tenant;
    if (envelope.trace) headers.trace = envelope.trace->child();
    return {
        envelope.tenant,
        envelope.conversation.uuid(),
        {std::string(topic),
         envelope.conversation.to_string(),
         message.SerializeAsString(),
         kafka::to_headers(headers)}
    };
}

}  // namespace

outbox::Entry ai_request(
    const Envelope& envelope,
    const TurnId& turn,
    std::int64_t turn_epoch,
    const std::vector<domain::AiVisibleText>& question
) {
    ai::v1::AiRequest request;
    request.set_tenant_id(envelope.tenant.to_string());
    request.set_conversation_id(envelope.conversation.to_string());
    request.set_turn_id(turn.to_string());
    request.set_turn_epoch(turn_epoch);
    for (const auto& words : question) request.add_question(words.text());
    rpc::set_time(*request.mutable_now(), envelope.now);
    return entry(
        envelope,
        kafka::topics::kAiRequests,
        turn.to_string() + ":" + std::to_string(turn_epoch),
        request
    );
}

outbox::Entry send_text(const Envelope& envelope, const OutboundText& text) {
    wa::OutboundCommand command;
    command.set_phone_number_id(text.phone_number_id);
    command.set_conversation_id(envelope.conversation.to_string());
    command.set_contact_id(text.contact.to_string());
    auto& send = *command.mutable_send_text();
    send.set_send_id(text.message.to_string());
    if (text.to.phone) {
        send.mutable_to()->set_phone(*text.to.phone);
    } else if (text.to.user_id) {
        send.mutable_to()->set_user_id(*text.to.user_id);
    }
    send.set_body(text.body);
    rpc::set_time(*send.mutable_window_until(), text.window_until);
    return entry(envelope, kafka::topics::kWhatsappOutbound, text.message.to_string(), command);
}

outbox::Entry mark_read(
    const Envelope& envelope,
    const std::string& phone_number_id,
    const MessageId& message,
    const std::string& wamid,
    bool typing
) {
    wa::OutboundCommand command;
    command.set_phone_number_id(phone_number_id);
    command.set_conversation_id(envelope.conversation.to_string());
    auto& mark = *command.mutable_mark_read();
    mark.set_message_id(wamid);
    mark.set_typing(typing);
    rpc::set_time(*mark.mutable_expires_at(), envelope.now + kTypingLasts);
    return entry(
        envelope, kafka::topics::kWhatsappOutbound, message.to_string() + ":read", command
    );
}

}  // namespace tecnochat::message_router::events
