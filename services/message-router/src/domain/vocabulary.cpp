#include "domain/vocabulary.hpp"

#include <array>
#include <utility>

#include "tecnochat/core/assert.hpp"

namespace tecnochat::message_router::domain {
namespace {

template <class Enum, std::size_t Count>
using Words = std::array<std::pair<Enum, std::string_view>, Count>;

constexpr Words<Provenance, 7> kProvenances{{
    {Provenance::kCustomer, "customer"},
    {Provenance::kCustomerInBooking, "customer_in_booking"},
    {Provenance::kFlow, "flow"},
    {Provenance::kAi, "ai"},
    {Provenance::kAgent, "agent"},
    {Provenance::kCalendar, "calendar"},
    {Provenance::kSystem, "system"},
}};
constexpr Words<Direction, 2> kDirections{{{Direction::kIn, "in"}, {Direction::kOut, "out"}}};
constexpr Words<TurnOwner, 2> kTurnOwners{{{TurnOwner::kAi, "ai"}, {TurnOwner::kHuman, "human"}}};
constexpr Words<Outcome, 3> kOutcomes{{
    {Outcome::kReply, "reply"},
    {Outcome::kHandover, "handover"},
    {Outcome::kSilence, "silence"},
}};
constexpr Words<MessageStatus, 8> kMessageStatuses{{
    {MessageStatus::kReceived, "received"},
    {MessageStatus::kQueued, "queued"},
    {MessageStatus::kSending, "sending"},
    {MessageStatus::kSent, "sent"},
    {MessageStatus::kDelivered, "delivered"},
    {MessageStatus::kRead, "read"},
    {MessageStatus::kFailed, "failed"},
    {MessageStatus::kUnknown, "unknown"},
}};

template <class Table, class Enum>
std::string_view word_of(const Table& table, Enum value) noexcept {
    for (const auto& [candidate, word] : table) {
        if (candidate == value) return word;
    }
    TECNOCHAT_ASSERT(false, "an enumerator without a word");
}

template <class Enum, std::size_t Count>
std::optional<Enum> value_of(const Words<Enum, Count>& table, std::string_view text) noexcept {
    for (const auto& [value, word] : table) {
        if (word == text) return value;
    }
    return std::nullopt;
}

}  // namespace

std::string_view to_string(Provenance value) noexcept {
    return word_of(kProvenances, value);
}
std::string_view to_string(Direction value) noexcept {
    return word_of(kDirections, value);
}
std::string_view to_string(TurnOwner value) noexcept {
    return word_of(kTurnOwners, value);
}
std::string_view to_string(Outcome value) noexcept {
    return word_of(kOutcomes, value);
}
std::string_view to_string(MessageStatus value) noexcept {
    return word_of(kMessageStatuses, value);
}
std::optional<Provenance> parse_provenance(std::string_view word) noexcept {
    return value_of(kProvenances, word);
}
std::optional<Direction> parse_direction(std::string_view word) noexcept {
    return value_of(kDirections, word);
}
std::optional<TurnOwner> parse_turn_owner(std::string_view word) noexcept {
    return value_of(kTurnOwners, word);
}
std::optional<Outcome> parse_outcome(std::string_view word) noexcept {
    return value_of(kOutcomes, word);
}
std::optional<MessageStatus> parse_message_status(std::string_view word) noexcept {
    return value_of(kMessageStatuses, word);
}
}  // namespace tecnochat::message_router::domain
