#include "domain/reply.hpp"

#include <algorithm>

namespace tecnochat::message_router::domain {
namespace {

std::size_t characters(std::string_view utf8) {
    return static_cast<std::size_t>(std::count_if(utf8.begin(), utf8.end(), [](char byte) {
        return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U;
    }));
}

bool sendable(std::string_view text) {
    return text.find_first_not_of(" \t\r\n") != std::string_view::npos &&
           characters(text) <= kTextCharactersMax;
}

bool hands_over(AiAction action) {
    switch (action) {
        case AiAction::kRefuse:
        case AiAction::kHandoff:
            return true;
        case AiAction::kAnswer:
        case AiAction::kSmalltalk:
            return false;
    }
    return true;
}

ReplyDecision dropped(std::string_view why) {
    ReplyDecision decision;
    decision.dropped = why;
    return decision;
}

}  // namespace

ReplyDecision accept(
    Conversation& conversation, const Turn& turn, const AiReply& reply, Timestamp now
) {
    if (turn.conversation != conversation.id) return dropped(drop::kUnknownTurn);
    if (!turn.open) return dropped(drop::kTurnClosed);
    if (turn.epoch != conversation.turn_epoch) {
        ReplyDecision decision = dropped(drop::kOldEpoch);
        decision.end = TurnEnd{Outcome::kSilence, silence::kSuperseded};
        return decision;
    }
    if (reply.turn_epoch != turn.epoch) return dropped(drop::kForeignEpoch);

    ReplyDecision decision;
    const bool can_send = sendable(reply.text);
    if (can_send) {
        decision.sequence = conversation.take_sequence();
        conversation.last_message_at = std::max(conversation.last_message_at, now);
    }
    if (hands_over(reply.action) || !can_send) {
        decision.end = TurnEnd{Outcome::kHandover, {}};
        decision.supersede_others = true;
        conversation.hand_over_to_human();
    } else {
        decision.end = TurnEnd{Outcome::kReply, {}};
    }
    return decision;
}

}  // namespace tecnochat::message_router::domain
