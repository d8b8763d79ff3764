#pragma once

#include <optional>
#include <string_view>

namespace tecnochat::message_router::domain {

/// Where a text came from; decides who may see it (the AI/calendar wall, ai_visible_text.hpp).
enum class Provenance {
    kCustomer,
    kCustomerInBooking,
    kFlow,
    kAi,
    kAgent,
    kCalendar,
    kSystem,
};

/// From the business' side.
enum class Direction { kIn, kOut };

/// Who answers the next message of a conversation. Flows and the calendar join with their issues.
enum class TurnOwner { kAi, kHuman };

/// How a turn ended; each ends exactly once.
enum class Outcome { kReply, kHandover, kSilence };

/// Delivery of an outbound message; inbound ones stay kReceived.
enum class MessageStatus {
    kReceived,
    kQueued,
    kSending,
    kSent,
    kDelivered,
    kRead,
    kFailed,
    kUnknown,
};

// Stable lower-case words: what the database and the metrics say. parse_* is the inverse and gives
// nullopt for any other word.
std::string_view to_string(Provenance value) noexcept;
std::string_view to_string(Direction value) noexcept;
std::string_view to_string(TurnOwner value) noexcept;
std::string_view to_string(Outcome value) noexcept;
std::string_view to_string(MessageStatus value) noexcept;

std::optional<Provenance> parse_provenance(std::string_view word) noexcept;
std::optional<Direction> parse_direction(std::string_view word) noexcept;
std::optional<TurnOwner> parse_turn_owner(std::string_view word) noexcept;
std::optional<Outcome> parse_outcome(std::string_view word) noexcept;
std::optional<MessageStatus> parse_message_status(std::string_view word) noexcept;

}  // namespace tecnochat::message_router::domain
