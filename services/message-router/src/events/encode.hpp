#pragma once

#include <optional>
#include <string>
#include <vector>

#include "domain/ai_visible_text.hpp"
#include "domain/inbound.hpp"
#include "tecnochat/outbox/outbox.hpp"
#include "tecnochat/telemetry/trace.hpp"

namespace tecnochat::message_router::events {

// Domain -> wire. Every event is keyed and ordered by its conversation.

/// What all events of one conversation share.
struct Envelope {
    TenantId tenant;
    ConversationId conversation;
    Timestamp now;
    std::optional<telemetry::TraceContext> trace;
};

/// Asks the AI about one turn. The declassifier of ai.requests: words come in as AiVisibleText or
/// not at all.
outbox::Entry ai_request(
    const Envelope& envelope,
    const TurnId& turn,
    std::int64_t turn_epoch,
    const std::vector<domain::AiVisibleText>& question
);

/// One text to send.
struct OutboundText {
    /// Whose content it is: the connector seals it under that person's key.
    ContactId contact;
    std::string phone_number_id;
    MessageId message;  // also the send id
    domain::Identity to;
    std::string body;
    Timestamp window_until;
};
outbox::Entry send_text(const Envelope& envelope, const OutboundText& text);

/// Typing shows for 25 s at most (Meta), so later the call is worth nothing.
inline constexpr Milliseconds kTypingLasts = std::chrono::seconds(25);

/// Read receipt for an inbound message, with the typing indicator where the AI thinks.
outbox::Entry mark_read(
    const Envelope& envelope,
    const std::string& phone_number_id,
    const MessageId& message,
    const std::string& wamid,
    bool typing
);

}  // namespace tecnochat::message_router::events
