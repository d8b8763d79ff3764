#pragma once

#include <optional>

#include "domain/error_table.hpp"
#include "domain/graph_answer.hpp"
#include "domain/send.hpp"

namespace tecnochat::whatsapp_connector {

/// Meta's word about a message, as far as the protocol cares.
enum class EchoKind { kDelivered, kFailed };  // kDelivered: sent, delivered, read or played

/// What becomes of a send that is on the wire, once its answer is known.
struct AfterAnswer {
    SendState state = SendState::kInDoubt;
    std::string wamid{};
    int error_code = 0;
    Failure failure = Failure::kNone;
    /// Set with kQueued: how long to wait; the attempt number rises by one.
    Milliseconds retry_in{0};
};

/// `wire -> queued` exists only for a definite no: nothing left this machine, or a fully read
/// 4xx whose code, or whose status where it names none, says wait or retry.
AfterAnswer after_answer(const GraphAnswer& answer, int attempt);

/// That more than the refused send must wait.
struct ScopeHold {
    ErrorScope scope = ErrorScope::kNumber;  // kNumber, kWaba or kApp
    Milliseconds time{0};
};
/// Whether a refusal that may pass holds the number, its WABA or everything; for as long as the
/// refused send waits. A pair needs no hold: its later sends wait behind the refused one.
std::optional<ScopeHold> hold_after(const GraphAnswer& answer, int attempt);

/// The next state for an echoed status, or nothing if it changes none. A failed status wins from
/// everything but a delivered one settles what was in doubt, and a late one even `unknown`.
std::optional<SendState> after_echo(SendState state, EchoKind echo) noexcept;

/// in_doubt becomes unknown after T once a later status of that number has passed, at the latest
/// after 2 T.
bool doubt_expired(
    Timestamp wire_at,
    std::optional<Timestamp> number_watermark,
    Timestamp now,
    Milliseconds patience
) noexcept;

}  // namespace tecnochat::whatsapp_connector
