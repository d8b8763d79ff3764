#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tecnochat/core/clock.hpp"
#include "tecnochat/core/uuid.hpp"

namespace tecnochat::whatsapp_connector {

/// The life of one send. Meta's send has no idempotency key, so whatever may have left this machine
/// is never posted again:
///     queued -> claimed -> wire -> accepted | in_doubt | failed | queued (a definite "later")
///     accepted -> sent | failed      in_doubt -> sent | failed | unknown      unknown -> sent |
///     failed (a late echo)
/// Each ends in sent, failed or unknown: an accepted send that no status tells of counts as sent.
enum class SendState { kQueued, kClaimed, kWire, kAccepted, kInDoubt, kSent, kFailed, kUnknown };

std::string_view to_string(SendState state) noexcept;
std::optional<SendState> parse_send_state(std::string_view text) noexcept;
/// No more work for this send, and the conversation's next one may go (an accepted send also lets
/// it go).
bool is_terminal(SendState state) noexcept;

/// Why a send failed without a word from Meta; the numbers are those of
/// tecnochat.whatsapp.v1.SendFailure.
enum class Failure {
    kNone = 0,
    kWindowClosed = 1,
    kChannelNotConnected = 2,
    kRetriesExhausted = 3,
    kContentUnreadable = 4
};

/// Whether the sealed content of a claimed send has been opened.
enum class Content {
    kReadable,
    kNotYet,      // not asked for, or its key cannot be had now
    kUnreadable,  // damaged, or its key is gone: never again
};

/// Which sends of a number go first; the numbers are those of sends.lane.
enum class Lane { kAnswer = 0, kBulk = 1 };

/// Who is written to; the user id only where the phone is not known.
struct Recipient {
    std::string phone;
    std::string user_id;
};

/// A send as a worker holds it, from claim to recorded answer.
struct ClaimedSend {
    TenantId tenant;
    MessageId id;
    std::string phone_number_id;
    ConversationId conversation;
    ContactId contact;
    Recipient recipient;
    std::string body;
    int attempt = 1;
    /// Compare-and-swap token: a send that was claimed anew is no longer this worker's.
    std::int64_t claim_epoch = 0;
    Timestamp window_until{};
    /// As the database holds them, from the claim until they are opened.
    std::string sealed_recipient{};
    std::string sealed_body{};
    /// Recipient and body are there only where this says so; the others are turned back on their
    /// way to the wire.
    Content content = Content::kNotYet;
};

/// A text to store and send, as the router ordered it.
struct NewSend {
    TenantId tenant;
    MessageId id;
    std::string phone_number_id;
    ConversationId conversation;
    ContactId contact;
    Recipient recipient;
    std::string body;
    Timestamp window_until;
    /// W3C trace context of the order; empty if it had none.
    std::string traceparent{};
    Lane lane = Lane::kAnswer;
};

}  // namespace tecnochat::whatsapp_connector
