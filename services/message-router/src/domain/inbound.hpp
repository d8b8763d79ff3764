#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "domain/conversation.hpp"

namespace tecnochat::message_router::domain {

/// The customer as Meta names them; at least one is set.
struct Identity {
    std::optional<std::string> user_id;
    std::optional<std::string> phone;
    bool operator==(const Identity&) const = default;
};

/// What an inbound message is to us.
enum class ContentKind {
    kText,         // typed, or the title of a tapped button or row: can be asked to the AI
    kCaptioned,    // media that we cannot read, under words that can be asked to the AI
    kUnreadable,   // media and other things a person would answer, which we cannot read yet
    kSystem,       // Meta's own notice about the customer, who has written nothing
    kNotAQuestion  // reactions, types we do not know
};

/// The kind behind Meta's type name for messages that are not text; `caption` is what the customer
/// wrote under it.
ContentKind kind_of_raw_type(std::string_view type, std::string_view caption = {}) noexcept;

/// The static token of what the edge found wrong with an item ("no_sender" and the like; "problem"
/// for a word that this version does not know); empty for an empty word.
std::string_view known_problem(std::string_view word) noexcept;

/// One message of a customer, decoded and checked.
struct InboundMessage {
    std::string_view problem;  // a known_problem(): it is no whole message, and nothing else is set
    std::string phone_number_id;
    std::string display_phone_number;  // of the number, as Meta writes it; may be empty
    std::string wamid;
    Identity from;
    std::string group_id;      // empty: a private chat
    std::string profile_name;  // empty: not told
    ContentKind kind = ContentKind::kText;
    std::string type;  // Meta's type name
    std::string body;  // text or title; the JSON slice for other types
    /// Of a tap: the id of the button or row, a template's payload; may be empty.
    std::optional<std::string> tapped;
    std::string caption;  // only of kCaptioned
    Timestamp sent_at;
    Timestamp received_at;
};

/// Why a message belongs to no private conversation, a reason of silence: a group's, whoever wrote
/// in it, and what the number itself wrote, for an answer would go to ourselves. nullopt: it
/// belongs to its sender's. It is kept beside all conversations and shows in none.
std::optional<std::string_view> reason_to_set_aside(const InboundMessage& message);

/// What the customer says with it: the only words of a message that may be asked to the AI.
[[nodiscard]] inline const std::string& words_of(const InboundMessage& message) {
    return message.kind == ContentKind::kCaptioned ? message.caption : message.body;
}

/// A message as it came on its topic: so it waits, or becomes a dead letter.
struct RawMessage {
    std::string topic;
    std::int32_t partition = 0;
    std::int64_t offset = 0;
    std::string key;
    std::string value;
    std::vector<std::pair<std::string, std::string>> headers;
    Timestamp recorded_at;
};

/// A decoded message; `raw` copies what it was decoded from, as long as its batch lives: few wait.
struct ArrivedMessage {
    InboundMessage message;
    std::function<RawMessage()> raw;
};

/// What happens with one inbound message.
struct InboundDecision {
    std::int64_t sequence = 0;
    /// nullopt: the turn stays open and the AI is asked.
    std::optional<TurnEnd> end;
    /// Where a sentence of our own goes out: its sequence, and its words.
    std::optional<std::int64_t> reply_sequence;
    std::string_view reply;
};

/// Our answer to what we cannot read.
inline constexpr std::string_view kUnreadableReply =
    "Gracias por tu mensaje. Por ahora solo puedo leer texto. ¿Me lo cuentas por escrito, por "
    "favor?";

/// Takes a message into its conversation: gives it its sequence, moves the window and decides how
/// its turn begins or ends. Every message is a turn of its own. Older than `stale_after` (we were
/// away, or Meta redelivers, for up to 7 days) it is too late for the AI: a person must look at it.
/// The customer is told so once, with kOverdueReply, where Meta's window allows words, and the turn
/// stays whose it was, so that their next message is answered. A system notice is stored in silence
/// and moves nothing: the customer has not written.
InboundDecision receive(
    Conversation& conversation,
    const InboundMessage& message,
    Timestamp now,
    Milliseconds stale_after
);

}  // namespace tecnochat::message_router::domain
