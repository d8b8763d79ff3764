#pragma once

#include <optional>
#include <string>
#include <variant>

#include "tecnochat/core/clock.hpp"

namespace tecnochat::whatsapp_connector {

/// What is known after one POST to the Graph API.

/// The first request byte never left: as if nothing had happened.
struct NothingSent {
    std::string why;  // stable token for logs, e.g. "connect"
};
/// A fully read 2xx with a message id.
struct Accepted {
    std::string wamid;
};
/// A fully read 3xx or 4xx: a definite no, whoever wrote it.
struct Refused {
    std::optional<int> code{};  // Meta's; nullopt where the answer holds no error object of Meta's
    int subcode = 0;
    int http_status = 400;
    Milliseconds pause{0};  // what the headers ask for

    /// What is kept as the cause of a failure: Meta's code, else the HTTP status. The two cannot be
    /// mistaken for each other: Meta has no codes from 369 to 999.
    [[nodiscard]] int cause() const { return code.value_or(http_status); }
};
/// Everything else: 5xx, an error code that says that Meta broke, time-out, cut answer, a 2xx
/// without a message id. Meta may or may not have taken it.
struct Doubtful {
    std::string why;
};

using GraphAnswer = std::variant<NothingSent, Accepted, Refused, Doubtful>;

/// What a Meta error code asks for (facts: Meta's error tables, "Switch on code, not HTTP status").
enum class ErrorClass {
    kRetry,      // back off and try again
    kFewTries,   // a few tries, then fail
    kWait,       // pause, then try again
    kStop,       // the channel itself is broken: fail, a person must act
    kPermanent,  // this message will never go
};
/// By Meta's code (domain/error_table.hpp), else by the HTTP status.
ErrorClass classify_refusal(const Refused& refused) noexcept;

/// Whether a code says that Meta broke, not that it declined: the message may be out.
bool is_unsure(int code) noexcept;

}  // namespace tecnochat::whatsapp_connector
