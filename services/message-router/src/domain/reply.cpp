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

// Why nothing can end this turn any more; nullopt: it still waits for its end.
std::optional<ReplyDecision> over(const Conversation& conversation, const Turn& turn) {
    if (turn.conversation != conversation.id) return dropped(drop::kUnknownTurn);
    if (!turn.open) return dropped(drop::kTurnClosed);
    if (turn.epoch == conversation.turn_epoch) return std::nullopt;
    ReplyDecision decision = dropped(drop::kOldEpoch);
    decision.end = TurnEnd{Outcome::kSilence, silence::kSuperseded};
    return decision;
}

ReplyDecision end(Conversation& conversation, Outcome outcome, bool with_words, Timestamp now) {
    ReplyDecision decision;
    decision.end = TurnEnd{outcome, {}};
    if (with_words) {
        decision.sequence = conversation.take_sequence();
        conversation.last_message_at = std::max(conversation.last_message_at, now);
    }
    if (outcome == Outcome::kHandover) {
        decision.supersede_others = true;
        conversation.hand_over_to_human();
    }
    return decision;
}

}  // namespace

ReplyDecision accept(
    Conversation& conversation, const Turn& turn, const AiReply& reply, Timestamp now
) {
    if (auto late = over(conversation, turn)) return *late;
    if (reply.turn_epoch != turn.epoch) return dropped(drop::kForeignEpoch);
    const bool can_send = sendable(reply.text);
    const bool to_a_person = hands_over(reply.action) || !can_send;
    return end(conversation, to_a_person ? Outcome::kHandover : Outcome::kReply, can_send, now);
}

ReplyDecision give_up(
    Conversation& conversation, const Turn& turn, Timestamp now, Milliseconds limit, bool reachable
) {
    if (auto late = over(conversation, turn)) return *late;
    if (now - turn.opened_at < limit) return dropped(drop::kNotOverdue);
    const bool with_words = reachable && now < conversation.window_until;
    return end(conversation, Outcome::kHandover, with_words, now);
}

}  // namespace tecnochat::message_router::domain
