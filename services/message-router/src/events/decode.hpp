#pragma once

#include <optional>
#include <string>

#include "domain/inbound.hpp"
#include "domain/reply.hpp"
#include "store/channels.hpp"
#include "tecnochat/kafka/record.hpp"
#include "tecnochat/whatsapp/opaque.hpp"

namespace tecnochat::message_router::events {

// Wire -> domain. kInvalidArgument where a record is not what its topic promises: such a record is
// put aside as "unparsable". Everything that becomes a key is bounded and free of control
// characters here, so that no statement can choke on it.

/// A report on an outbound message, from the connector or from Meta.
struct DeliveryReport {
    std::string phone_number_id;
    /// Our id, where the report carries it; else the message is found by `wamid`.
    std::optional<MessageId> message;
    std::optional<std::string> wamid;
    /// nullopt: a word of Meta's that we do not know.
    std::optional<domain::MessageStatus> status;
    /// Meta's code, or the negative number of our own SendFailure; 0 unless failed.
    std::int64_t error_code = 0;
};

Result<domain::InboundMessage> inbound_message(const kafka::Record& record);
Result<domain::AiReply> ai_reply(const kafka::Record& record);
/// Topic whatsapp.sent.
Result<DeliveryReport> send_update(const kafka::Record& record);
/// Topic whatsapp.status.
Result<DeliveryReport> message_status(
    const kafka::Record& record, const whatsapp::OpaqueCodec& codec
);
Result<store::Channel> channel_event(const kafka::Record& record);

}  // namespace tecnochat::message_router::events
