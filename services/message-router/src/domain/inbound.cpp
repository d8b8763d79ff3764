#include "domain/inbound.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "domain/reply.hpp"
#include "domain/words.hpp"

namespace tecnochat::message_router::domain {
namespace {

// Meta's type names (webhooks reference, messages) of what a customer sends on purpose and expects
// an answer to.
constexpr std::array<std::string_view, 8> kUnreadableTypes{
    "image", "video", "audio", "document", "sticker", "location", "contacts", "order"
};

// Those of them that Meta lets people write under (webhooks reference, caption).
constexpr std::array<std::string_view, 3> kCaptionedTypes{"image", "video", "document"};

// What webhook-ingress says (events.proto, InboundMessage.problem).
constexpr std::array<std::string_view, 4> kProblems{
    "no_sender", "no_message_id", "id_too_long", "unreadable"
};

std::string digits_of(std::string_view phone) {
    std::string digits;
    std::copy_if(phone.begin(), phone.end(), std::back_inserter(digits), [](char c) {
        return c >= '0' && c <= '9';
    });
    return digits;
}

TurnEnd silent(std::string_view reason) {
    return {Outcome::kSilence, reason};
}

std::optional<TurnEnd> end_at_once(
    const Conversation& conversation, const InboundMessage& message, bool stale
) {
    if (message.kind == ContentKind::kSystem) return silent(silence::kSystem);
    if (conversation.parked) return silent(silence::kParked);
    if (conversation.turn == TurnOwner::kHuman) return silent(silence::kHumanOwner);
    if (message.kind == ContentKind::kNotAQuestion) return silent(silence::kNotAQuestion);
    const bool unreadable = message.kind == ContentKind::kUnreadable;
    if (message.tapped && message.body.empty()) return silent(silence::kTapWithoutTitle);
    if (!unreadable && !has_words(words_of(message))) return silent(silence::kWordless);
    if (stale) return TurnEnd{Outcome::kHandover, {}};
    if (unreadable) return TurnEnd{Outcome::kReply, {}};
    return std::nullopt;
}

void answer(InboundDecision& decision, Conversation& conversation, std::string_view words) {
    decision.reply_sequence = conversation.take_sequence();
    decision.reply = words;
}

// The turn's owner stays, so that the customer's next message is answered.
void call_for_attention(InboundDecision& decision, Conversation& conversation, Timestamp now) {
    const bool told = std::exchange(conversation.needs_attention, true);
    if (!told && now < conversation.window_until) answer(decision, conversation, kOverdueReply);
}

}  // namespace

ContentKind kind_of_raw_type(std::string_view type, std::string_view caption) noexcept {
    const auto among = [type](const auto& types) {
        return std::find(types.begin(), types.end(), type) != types.end();
    };
    if (type == "system") return ContentKind::kSystem;
    if (among(kCaptionedTypes) && has_words(caption)) return ContentKind::kCaptioned;
    return among(kUnreadableTypes) ? ContentKind::kUnreadable : ContentKind::kNotAQuestion;
}

std::string_view known_problem(std::string_view word) noexcept {
    if (word.empty()) return {};
    const auto* const found = std::find(kProblems.begin(), kProblems.end(), word);
    return found == kProblems.end() ? std::string_view("problem") : *found;
}

std::optional<std::string_view> reason_to_set_aside(const InboundMessage& message) {
    if (!message.group_id.empty()) return silence::kGroup;
    const auto own = digits_of(message.display_phone_number);
    if (!own.empty() && message.from.phone && digits_of(*message.from.phone) == own)
        return silence::kOwnNumber;
    return std::nullopt;
}

InboundDecision receive(
    Conversation& conversation,
    const InboundMessage& message,
    Timestamp now,
    Milliseconds stale_after
) {
    InboundDecision decision;
    decision.sequence = conversation.take_sequence();
    decision.end = end_at_once(conversation, message, now - message.sent_at > stale_after);
    if (message.kind == ContentKind::kSystem) return decision;

    conversation.unread += 1;
    conversation.last_message_at = std::max(conversation.last_message_at, message.received_at);
    // A stamp from the future must not keep the window open longer than Meta does.
    const Timestamp opened = std::min(message.sent_at, message.received_at);
    conversation.window_until = std::max(conversation.window_until, opened + kServiceWindow);
    if (!decision.end) return decision;
    if (decision.end->outcome == Outcome::kReply) answer(decision, conversation, kUnreadableReply);
    if (decision.end->outcome == Outcome::kHandover)
        call_for_attention(decision, conversation, now);
    return decision;
}

}  // namespace tecnochat::message_router::domain
