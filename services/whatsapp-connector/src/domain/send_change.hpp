#pragma once

#include <string>

#include "domain/send.hpp"
#include "domain/send_protocol.hpp"
#include "tecnochat/core/clock.hpp"
#include "tecnochat/core/uuid.hpp"

namespace tecnochat::whatsapp_connector {

/// A send's state as it now stands, for the event that tells the router.
struct SendChange {
    TenantId tenant;
    MessageId id;
    std::string phone_number_id;
    ConversationId conversation;
    SendState state = SendState::kQueued;
    int attempt = 1;
    std::string wamid;
    int error_code = 0;
    Failure failure = Failure::kNone;
    std::string traceparent;  // of the order; empty if it had none
};

/// An answer to record for a send this worker put on the wire.
struct Answered {
    const ClaimedSend* send = nullptr;
    AfterAnswer after;
};

/// A status of Meta's that carries one of our send ids.
struct Echo {
    TenantId tenant;
    MessageId id;
    EchoKind kind = EchoKind::kDelivered;
    std::string wamid;
    int error_code = 0;
};

/// Latest status time per number.
struct Watermark {
    TenantId tenant;
    std::string phone_number_id;
    Timestamp latest;
};

}  // namespace tecnochat::whatsapp_connector
