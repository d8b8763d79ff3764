#pragma once

#include <span>
#include <string>
#include <vector>

#include "domain/graph_answer.hpp"
#include "domain/send.hpp"
#include "tecnochat/core/result.hpp"
#include "tecnochat/core/secret.hpp"

namespace tecnochat::whatsapp_connector {

/// Where the Graph token of a number comes from: a 0600 file until the vault exists. Thread-safe.
class TokenSource {
 public:
    virtual ~TokenSource() = default;
    virtual Result<Secret> token(const std::string& phone_number_id) = 0;
};

/// The Graph API, as the send protocol sees it. Thread-safe.
class GraphApi {
 public:
    virtual ~GraphApi() = default;
    /// One POST at most; never retries inside. `opaque` comes back in every status of this message.
    virtual GraphAnswer send_text(const ClaimedSend& send, const std::string& opaque) = 0;
    /// Idempotent at Meta; failure is not worth more than a counter.
    virtual Status mark_read(
        const std::string& phone_number_id, const std::string& message_id, bool typing
    ) = 0;
};

/// A limiter's word on one send.
struct Allowance {
    /// Zero: go, and the tokens are taken. Otherwise how long to wait; nothing is taken.
    Milliseconds wait{0};
    /// It is the number that must wait, with all its sends; otherwise this pair alone.
    bool whole_number = false;
};

/// Whether a send may go now: Meta allows 80 messages/s per number and, per pair of number and
/// customer, 1 per 6 s with bursts of 45.
class RateLimiter {
 public:
    virtual ~RateLimiter() = default;
    virtual Allowance acquire(const std::string& phone_number_id, const ConversationId& pair) = 0;
};

}  // namespace tecnochat::whatsapp_connector
