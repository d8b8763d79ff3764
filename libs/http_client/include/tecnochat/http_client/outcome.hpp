#pragma once

#include <string>
#include <string_view>
#include <variant>

namespace tecnochat::http_client {

/// What is known after one call.

/// Not one byte of the request was handed to the kernel: as if there had been no call.
struct NothingSent {
    enum class Why {
        kInvalid,     // the request itself: a header, or a server outside of the allow-list
        kLookup,      // the name has no address, or not in time
        kConnect,     // refused, unreachable, or neither connection nor handshake in time
        kHandshake,   // TLS failed, for its certificate or otherwise
        kConnection,  // it was gone when the request was to be written
    };
    Why why = Why::kConnect;
};

/// A fully read answer, whatever its status.
struct Answer {
    int status = 0;
    std::string head;  // the header fields as they came, a line each
    std::string body;

    /// The first field of that name, in any case of letters; empty if there is none.
    [[nodiscard]] std::string_view header(std::string_view name) const;
};

/// The server may or may not have acted upon the request.
struct Doubtful {
    enum class Why {
        kCut,         // the connection ended before the answer did
        kDeadline,    // no whole answer in time
        kTooLarge,    // the answer passes the limit
        kUnreadable,  // it is no HTTP
        kUnframed,    // it says nowhere how long it is, so that a cut one looks whole
    };
    Why why = Why::kCut;
};

using Outcome = std::variant<NothingSent, Answer, Doubtful>;

/// Stable tokens for logs.
std::string_view to_string(NothingSent::Why why) noexcept;
std::string_view to_string(Doubtful::Why why) noexcept;

}  // namespace tecnochat::http_client
