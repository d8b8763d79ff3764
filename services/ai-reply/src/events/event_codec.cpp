#include "events/event_codec.hpp"

#include <string>

#include "tecnochat/kafka/topics.hpp"
#include "wire.hpp"

namespace tecnochat::ai_reply {
namespace {

template <class T>
Result<T> parse_id(const std::string& text) {
    Result<T> id = T::parse(text);
    if (!id) return make_error(ErrorCode::kInvalidArgument, "an id is no UUID", "INVALID_ID");
    return id;
}

}  // namespace

Result<TurnRequest> parse_request(const kafka::Record& record) {
    ai::v1::AiRequest wire;
    if (!wire.ParseFromString(record.value)) {
        return make_error(ErrorCode::kInvalidArgument, "no AiRequest", "UNPARSABLE");
    }
    TurnRequest request;
    TECNOCHAT_TRY(request.tenant, parse_id<TenantId>(wire.tenant_id()));
    TECNOCHAT_TRY(request.conversation, parse_id<ConversationId>(wire.conversation_id()));
    TECNOCHAT_TRY(request.turn, parse_id<TurnId>(wire.turn_id()));
    request.turn_epoch = wire.turn_epoch();
    request.question.messages.assign(wire.question().begin(), wire.question().end());
    return request;
}

kafka::OutRecord reply_record(
    const TurnRequest& request, const MessageId& reply_id, const Reply& reply, Timestamp now
) {
    ai::v1::AiReply wire;
    wire.set_tenant_id(request.tenant.to_string());
    wire.set_conversation_id(request.conversation.to_string());
    wire.set_turn_id(request.turn.to_string());
    wire.set_turn_epoch(request.turn_epoch);
    wire.set_reply_id(reply_id.to_string());
    wire.set_action(to_wire(reply.action));
    wire.set_intent(to_wire(reply.intent));
    wire.set_text(reply.text);
    for (const Source& source : reply.sources) to_wire(source, *wire.add_sources());
    const kafka::EventHeaders event{
        wire.reply_id(),
        wire.GetTypeName(),
        "/tecnochat/ai-reply",
        now,
        request.tenant,
        telemetry::current_trace()
    };
    return {
        std::string(kafka::topics::kAiReplies),
        wire.conversation_id(),
        wire.SerializeAsString(),
        kafka::to_headers(event)
    };
}

}  // namespace tecnochat::ai_reply
