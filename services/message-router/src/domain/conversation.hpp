#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "domain/vocabulary.hpp"
#include "tecnochat/core/clock.hpp"
#include "tecnochat/core/uuid.hpp"

namespace tecnochat::message_router::domain {

/// Why a turn ended without a word, stable tokens that the API and the metrics show.
namespace silence {
inline constexpr std::string_view kHumanOwner = "human_owner";
inline constexpr std::string_view kNotAQuestion = "not_a_question";
inline constexpr std::string_view kGroup = "group";
inline constexpr std::string_view kOwnNumber = "own_number";
inline constexpr std::string_view kSystem = "system";
inline constexpr std::string_view kTapWithoutTitle = "tap_without_title";
inline constexpr std::string_view kWordless = "wordless";
inline constexpr std::string_view kParked = "parked";
inline constexpr std::string_view kSuperseded = "superseded";
}  // namespace silence

/// How long after a customer's message Meta lets a business write freely.
inline constexpr Milliseconds kServiceWindow = std::chrono::hours(24);

/// The end of a turn. `reason` only with silence.
struct TurnEnd {
    Outcome outcome = Outcome::kSilence;
    std::string_view reason;
    bool operator==(const TurnEnd&) const = default;
};

/// What the rules need to know of a conversation, and what they change. Whoever holds one holds the
/// lock of its row: sequences are given out here, without gaps.
struct Conversation {
    TenantId tenant;
    ConversationId id;
    TurnOwner turn = TurnOwner::kAi;
    std::int64_t turn_epoch = 1;
    std::int64_t next_sequence = 1;
    Timestamp last_message_at;
    Timestamp window_until;
    std::int64_t unread = 0;
    bool parked = false;
    bool needs_attention = false;  // a person must look at it, while its turn is whose it was

    std::int64_t take_sequence() { return next_sequence++; }
    /// Late replies of the AI carry the older epoch and are dropped.
    void hand_over_to_human() {
        turn = TurnOwner::kHuman;
        ++turn_epoch;
    }
    /// A person is done with it. Idempotent: the epoch rises only if a person had it.
    void release() {
        if (turn == TurnOwner::kHuman) {
            turn = TurnOwner::kAi;
            ++turn_epoch;
        }
        unread = 0;
        parked = false;
        needs_attention = false;
    }
};

/// A turn's reply has its id from the turn: however often it is made, it is the same message. The
/// engine derives the same id (AiReply.reply_id); ours counts, for it becomes a key.
MessageId reply_id_of(const TurnId& turn);

}  // namespace tecnochat::message_router::domain
