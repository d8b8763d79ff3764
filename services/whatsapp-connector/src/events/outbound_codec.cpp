#include "events/outbound_codec.hpp"

#include "tecnochat/rpc/wire.hpp"
#include "tecnochat/whatsapp/v1/events.pb.h"

namespace tecnochat::whatsapp_connector {
namespace {

using whatsapp::v1::OutboundCommand;

Result<NewSend> to_send(const OutboundCommand& command, const kafka::Record& record) {
    const auto& text = command.send_text();
    TECNOCHAT_TRY(const auto id, MessageId::parse(text.send_id()));
    TECNOCHAT_TRY(const auto conversation, ConversationId::parse(command.conversation_id()));
    TECNOCHAT_TRY(const auto contact, ContactId::parse(command.contact_id()));
    if (text.to().phone().empty() && text.to().user_id().empty())
        return make_error(ErrorCode::kInvalidArgument, "no recipient");
    if (text.body().empty()) return make_error(ErrorCode::kInvalidArgument, "no text");
    const auto trace = record.trace();
    return NewSend{
        TenantId(),
        id,
        command.phone_number_id(),
        conversation,
        contact,
        {text.to().phone(), text.to().user_id()},
        text.body(),
        rpc::to_time(text.window_until()),
        trace ? trace->traceparent() : std::string(),
        text.lane() == whatsapp::v1::SEND_LANE_BULK ? Lane::kBulk : Lane::kAnswer
    };
}

}  // namespace

Result<Order> parse_order(const kafka::Record& record) {
    OutboundCommand command;
    if (!command.ParseFromString(record.value))
        return make_error(ErrorCode::kInvalidArgument, "no OutboundCommand", "UNPARSABLE");
    Order order{command.phone_number_id(), InvalidOrder{}};
    switch (command.command_case()) {
        case OutboundCommand::kMarkRead: {
            const auto& mark = command.mark_read();
            order.what = ReadReceipt{
                command.phone_number_id(),
                mark.message_id(),
                mark.typing(),
                rpc::to_time(mark.expires_at())
            };
            break;
        }
        case OutboundCommand::kSendText:
            if (auto send = to_send(command, record)) order.what = std::move(send).value();
            break;
        case OutboundCommand::COMMAND_NOT_SET:
            break;
    }
    return order;
}

}  // namespace tecnochat::whatsapp_connector
