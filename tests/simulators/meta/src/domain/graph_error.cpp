#include "domain/graph_error.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace tecnochat::meta_simulator {
namespace {

struct Row {
    int code;
    int http_status;
    std::string_view title;
};

// Meta's error reference; HTTP statuses from its December 2025 table (newer pages omit them).
constexpr std::array kRows = {
    Row{1, 400, "API Unknown"},
    Row{2, 503, "API Service"},
    Row{3, 500, "Capability or permissions issue"},
    Row{4, 400, "API Too Many Calls"},
    Row{10, 403, "Permission denied"},
    Row{33, 400, "Parameter value is not valid"},
    Row{100, 400, "Invalid parameter"},
    Row{190, 401, "Access token has expired"},
    Row{368, 403, "Temporarily blocked for policies violations"},
    Row{80007, 400, "Rate limit issues"},
    Row{130403, 400, "User was blocked by business"},
    Row{130429, 400, "Rate limit hit"},
    Row{130472, 400, "User's number is part of an experiment"},
    Row{130497, 403, "Business account is restricted from messaging users in this country"},
    Row{131000, 500, "Something went wrong"},
    Row{131005, 403, "Access denied"},
    Row{131008, 400, "Required parameter is missing"},
    Row{131009, 400, "Parameter value is not valid"},
    Row{131016, 500, "Service unavailable"},
    Row{131021, 400, "Recipient cannot be sender"},
    Row{131026, 400, "Message undeliverable"},
    Row{131031, 403, "Account has been locked"},
    Row{131042, 400, "Business eligibility payment issue"},
    Row{131047, 400, "Re-engagement message"},
    Row{131048, 400, "Spam rate limit hit"},
    Row{131049, 400, "Message not delivered to maintain healthy ecosystem engagement"},
    Row{131051, 400, "Unsupported message type"},
    Row{131056, 400, "(Business Account, Consumer Account) pair rate limit hit"},
    Row{131057, 500, "Account in maintenance mode"},
    Row{133004, 503, "Server temporarily unavailable"},
    Row{133010, 400, "Phone number not registered"},
    Row{2494100, 503, "Business phone number is currently under maintenance"},
};

const Row* find(int code) {
    const auto* row =
        std::find_if(kRows.begin(), kRows.end(), [&](const Row& r) { return r.code == code; });
    return row == kRows.end() ? nullptr : row;
}

}  // namespace

std::string error_title(int code) {
    const Row* row = find(code);
    return row == nullptr ? "Generic error" : std::string(row->title);
}

GraphError graph_error(int code, std::string details) {
    const Row* row = find(code);
    GraphError error;
    error.http_status = row == nullptr ? 400 : row->http_status;
    error.code = code;
    error.message = "(#" + std::to_string(code) + ") " + error_title(code);
    error.details = std::move(details);
    return error;
}

GraphError bad_parameter(const std::string& reason) {
    GraphError error;
    error.message = "(#100) " + reason;
    return error;
}

GraphError unknown_object(const std::string& id) {
    GraphError error;
    error.type = "GraphMethodException";
    error.subcode = 33;
    error.message =
        "Unsupported post request. Object with ID '" + id +
        "' does not exist, cannot be loaded due to missing permissions, or does not support this "
        "operation. Please read the Graph API documentation at "
        "https://developers.facebook.com/docs/graph-api";
    return error;
}

GraphError bad_token(int subcode) {
    GraphError error;
    error.http_status = 401;
    error.code = 190;
    if (subcode != 0) error.subcode = subcode;
    error.message = subcode == 463 ? "Error validating access token: Session has expired"
                    : subcode == 460
                        ? "Error validating access token: The session has been invalidated because "
                          "the user changed their password or Facebook has changed the session for "
                          "security reasons."
                        : "Invalid OAuth access token - Cannot parse access token";
    return error;
}

}  // namespace tecnochat::meta_simulator
