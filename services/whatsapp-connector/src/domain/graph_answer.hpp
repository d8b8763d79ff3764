#pragma once

#include <string>
#include <variant>

namespace tecnochat::whatsapp_connector {

/// What is known after one POST to the Graph API.

/// The first request byte never left: as if nothing had happened.
struct NothingSent {
    std::string why;  // stable token for logs, e.g. "connect"
};
/// A fully read 200 with a message id.
struct Accepted {
    std::string wamid;
};
/// A fully read 4xx with an error object of Meta's.
struct Refused {
    int code = 0;
    int subcode = 0;
};
/// Everything else: 5xx, an error code that says that Meta broke, time-out, cut or unreadable
/// answer. Meta may or may not have taken it.
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
ErrorClass classify_error(int code, int subcode) noexcept;

/// Whether a code says that Meta broke, not that it declined: the message may be out.
bool is_unsure(int code) noexcept;

}  // namespace tecnochat::whatsapp_connector
