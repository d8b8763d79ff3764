#include "tecnochat/http_client/outcome.hpp"

#include "fields.hpp"

namespace tecnochat::http_client {

std::string_view Answer::header(std::string_view name) const {
    return field_of(head, name).value_or(std::string_view{});
}

std::string_view to_string(NothingSent::Why why) noexcept {
    switch (why) {
        case NothingSent::Why::kInvalid:
            return "invalid";
        case NothingSent::Why::kLookup:
            return "lookup";
        case NothingSent::Why::kConnect:
            return "connect";
        case NothingSent::Why::kHandshake:
            return "handshake";
        case NothingSent::Why::kConnection:
            return "connection";
    }
    return "";
}

std::string_view to_string(Doubtful::Why why) noexcept {
    switch (why) {
        case Doubtful::Why::kCut:
            return "cut";
        case Doubtful::Why::kDeadline:
            return "deadline";
        case Doubtful::Why::kTooLarge:
            return "too_large";
        case Doubtful::Why::kUnreadable:
            return "unreadable";
        case Doubtful::Why::kUnframed:
            return "unframed";
    }
    return "";
}

}  // namespace tecnochat::http_client
