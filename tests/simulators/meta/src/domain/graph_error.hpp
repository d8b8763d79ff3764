#pragma once

#include <optional>
#include <string>

namespace tecnochat::meta_simulator {

/// An answer of the Graph API that is not a success, in Meta's terms.
struct GraphError {
    int http_status = 400;
    int code = 100;
    std::optional<int> subcode;
    std::string type = "OAuthException";
    std::string message;
    /// `error_data.details`; absent where Meta sends none.
    std::string details;
};

/// The documented error `code` with its HTTP status and title; an unknown code becomes a 400 with a
/// generic title, so that fault plans may inject codes Meta invents tomorrow.
GraphError graph_error(int code, std::string details = {});

/// 100: one parameter is missing or wrong; the message carries the reason, as Meta's does.
GraphError bad_parameter(const std::string& reason);

/// 100 with subcode 33: the object does not exist for this token.
GraphError unknown_object(const std::string& id);

/// 190: the token is not valid. `subcode` 463 expired, 460 password changed, 0 none.
GraphError bad_token(int subcode);

/// The title alone, as statuses[].errors[] show it.
std::string error_title(int code);

}  // namespace tecnochat::meta_simulator
