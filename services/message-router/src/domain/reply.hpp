#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/conversation.hpp"

namespace tecnochat::message_router::domain {

/// What the AI decided to do with a turn.
enum class AiAction { kAnswer, kRefuse, kHandoff, kSmalltalk };

/// A knowledge item an answer rests on.
struct Source {
    std::string item_id;
    std::string title;
    double score = 0;
};

/// The AI's word on one turn.
struct AiReply {
    TenantId tenant;
    ConversationId conversation;
    TurnId turn;
    std::int64_t turn_epoch = 0;
    AiAction action = AiAction::kAnswer;
    std::string text;
    std::vector<Source> sources;  // best first
};

/// A turn as stored.
struct Turn {
    TurnId id;
    ConversationId conversation;
    std::int64_t epoch = 0;
    bool open = false;
    Timestamp opened_at;
};

/// Why a reply was not accepted; stable tokens for the metrics.
namespace drop {
inline constexpr std::string_view kUnknownTurn = "unknown_turn";
inline constexpr std::string_view kTurnClosed = "turn_closed";
inline constexpr std::string_view kOldEpoch = "old_epoch";
inline constexpr std::string_view kForeignEpoch = "foreign_epoch";
inline constexpr std::string_view kNotOverdue = "not_overdue";
}  // namespace drop

/// What happens with one reply, or with a turn that got none in time. Exactly one of
/// `dropped` and `sequence` says something, except that a handover may have nothing to send.
struct ReplyDecision {
    /// Empty: accepted.
    std::string_view dropped;
    /// How the turn ends; nullopt leaves it as it is.
    std::optional<TurnEnd> end;
    /// Set where the text goes out.
    std::optional<std::int64_t> sequence;
    /// Every other open turn of the conversation is over too: silence("superseded").
    bool supersede_others = false;
};

/// What a customer reads whose turn got no answer in time.
inline constexpr std::string_view kOverdueReply =
    "Disculpa la demora. Una persona de nuestro equipo te responderá en cuanto pueda.";

/// WhatsApp's limit for one text, in characters (not bytes).
inline constexpr std::size_t kTextCharactersMax = 4096;

/// Accepts a reply if its turn is open and reply, turn and conversation are of one epoch. A refusal
/// or handoff sends its sentence and gives the conversation to a person. So does a reply that
/// cannot be sent (no text, or longer than WhatsApp takes): a customer must not be left without
/// anyone.
ReplyDecision accept(
    Conversation& conversation, const Turn& turn, const AiReply& reply, Timestamp now
);

/// Ends a turn that is open for `limit` or longer, counted from the customer's message: as a
/// refusal would, with kOverdueReply where Meta's window still allows words. A reply that comes
/// later finds its turn closed. kNotOverdue leaves the turn to the AI.
/// Where the customer cannot be written to (erased, or the number is not connected any more) no
/// words leave.
ReplyDecision give_up(
    Conversation& conversation,
    const Turn& turn,
    Timestamp now,
    Milliseconds limit,
    bool reachable = true
);

}  // namespace tecnochat::message_router::domain
