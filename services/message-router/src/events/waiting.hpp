#pragma once

#include <string_view>

#include "domain/inbound.hpp"
#include "tecnochat/kafka/record.hpp"
#include "tecnochat/outbox/outbox.hpp"
#include "tecnochat/pipeline/source.hpp"

namespace tecnochat::message_router::events {

// Messages of whatsapp.inbound that may have to wait for the channel event of their number.

/// The record must live as long as what is decoded of it.
Result<domain::ArrivedMessage> arrived_message(const kafka::Record& record);
/// What waited, decoded again.
Result<pipeline::Incoming<domain::ArrivedMessage>> waited_message(
    domain::RawMessage raw, const TenantId& tenant
);
/// The dead letter of a message that waited for too long or cannot be stored; ordered by its
/// number. Dead letters have no tenant: the nil one.
outbox::Entry waiting_letter(
    domain::RawMessage raw, const std::string& phone_number_id, std::string_view reason
);

}  // namespace tecnochat::message_router::events
