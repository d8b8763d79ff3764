#pragma once

#include <optional>
#include <string>

#include "domain/delivery.hpp"
#include "domain/inbound.hpp"
#include "domain/reply.hpp"
#include "tecnochat/channels/channel.hpp"
#include "tecnochat/kafka/record.hpp"
#include "tecnochat/whatsapp/opaque.hpp"

namespace tecnochat::message_router::events {

// Wire -> domain. kInvalidArgument where a record is not what its topic promises: such a record
// becomes a dead letter "unparsable". Everything that becomes a key is bounded and free of control
// characters here, so that no statement can choke on it.

Result<domain::InboundMessage> inbound_message(const kafka::Record& record);
Result<domain::AiReply> ai_reply(const kafka::Record& record);
/// Topic whatsapp.sent.
Result<domain::DeliveryReport> send_update(const kafka::Record& record);
/// Topic whatsapp.status.
Result<domain::DeliveryReport> message_status(
    const kafka::Record& record, const whatsapp::OpaqueCodec& codec
);
Result<channels::Channel> channel_event(const kafka::Record& record);

}  // namespace tecnochat::message_router::events
