#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "domain/reply.hpp"
#include "store/conversations.hpp"
#include "store/messages.hpp"
#include "tecnochat/outbox/outbox.hpp"
#include "tecnochat/telemetry/trace.hpp"

namespace tecnochat::message_router {

/// What a turn says to the customer, and who says it.
struct Words {
    domain::Provenance provenance = domain::Provenance::kSystem;
    std::string body;
    std::vector<domain::Source> sources;  // best first
};

/// The one message a turn may cause: the row to store and the event that has it sent. Its id is the
/// turn's reply id, so whoever ends the turn, and however often, it is the same message.
struct TurnReply {
    store::NewMessage row;
    outbox::Entry event;
};

/// Whose turn it is, and the place of the message in the conversation.
struct TurnPlace {
    const store::LockedConversation& conversation;
    const domain::Identity& to;
    TurnId turn;
    std::int64_t sequence = 0;
};

TurnReply turn_reply(
    const TurnPlace& place,
    Words words,
    Timestamp now,
    const std::optional<telemetry::TraceContext>& trace
);

}  // namespace tecnochat::message_router
