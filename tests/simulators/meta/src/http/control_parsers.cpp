// The control API's larger request bodies.

#include <nlohmann/json.hpp>
#include <set>

#include "http/control_api.hpp"
#include "json_views.hpp"
#include "webhooks/payload.hpp"

namespace tecnochat::meta_simulator {
namespace {

/// What a person would read of a message that is no plain text.
std::string readable(const std::string& type, const nlohmann::json& value) {
    if (type == "text") return value.value("body", "");
    if (type == "button") return value.value("text", "");
    if (type == "interactive") {
        for (const char* reply : {"button_reply", "list_reply"}) {
            const auto found = value.find(reply);
            if (found != value.end() && found->is_object()) return found->value("title", "");
        }
    }
    return "[" + type + "]";
}

// What the simulator writes into every message; others go through POST /sim/webhooks.
const std::set<std::string> kOwnMembers{"from", "from_user_id", "id", "timestamp"};

Result<ParsedCustomerMessage> parse_raw_message(const nlohmann::json& raw) {
    if (!raw.is_object() || !raw.contains("type") || !raw["type"].is_string()) {
        return make_error(ErrorCode::kInvalidArgument, "message must be an object with a type");
    }
    ParsedCustomerMessage parsed;
    parsed.message.type = raw["type"].get<std::string>();
    const auto value = raw.find(parsed.message.type);
    if (value != raw.end()) {
        parsed.body_json = dump(*value);
        parsed.message.text = value->is_object() ? readable(parsed.message.type, *value) : "[list]";
    } else {
        parsed.message.text = "[" + parsed.message.type + "]";
    }
    for (const auto& [key, member] : raw.items()) {
        if (key == "type" || key == "context" || key == parsed.message.type) continue;
        if (kOwnMembers.count(key) != 0 || parsed.body_json.empty()) {
            return make_error(ErrorCode::kInvalidArgument, "message cannot have " + key);
        }
        parsed.body_json += "," + json_quoted(key) + ":" + dump(member);
    }
    if (raw.contains("context") && raw["context"].is_object()) {
        parsed.message.context_id = raw["context"].value("id", "");
    }
    return parsed;
}

}  // namespace

Result<ParsedCustomerMessage> parse_customer_message(const nlohmann::json& body) {
    TECNOCHAT_CHECK(
        only_fields(body, {"text", "interactive", "message", "context", "age_seconds", "name"})
    );
    TECNOCHAT_TRY(const std::string text, string_field(body, "text"));
    TECNOCHAT_TRY(const std::string context, string_field(body, "context"));
    ParsedCustomerMessage parsed;
    if (!text.empty()) {
        parsed.message.text = text;
        parsed.body_json = R"({"body":)" + json_quoted(text) + "}";
    } else if (body.is_object() && body.contains("interactive")) {
        TECNOCHAT_TRY(
            parsed,
            parse_raw_message({{"type", "interactive"}, {"interactive", body["interactive"]}})
        );
    } else if (body.is_object() && body.contains("message")) {
        TECNOCHAT_TRY(parsed, parse_raw_message(body["message"]));
    } else {
        return make_error(
            ErrorCode::kInvalidArgument, "one of text, interactive or message is required"
        );
    }
    if (!context.empty()) parsed.message.context_id = context;
    return parsed;
}

Result<Fault> parse_fault(const nlohmann::json& body) {
    TECNOCHAT_CHECK(only_fields(
        body,
        {"kind", "phone_number_id", "count", "duration_ms", "when", "code", "http_status", "field"}
    ));
    Fault fault;
    TECNOCHAT_TRY(const std::string kind, string_field(body, "kind"));
    TECNOCHAT_TRY(fault.kind, parse_fault_kind(kind));
    TECNOCHAT_TRY(fault.phone_number_id, string_field(body, "phone_number_id"));
    TECNOCHAT_TRY(const auto count, integer_field(body, "count", 0));
    if (count < 0 || count > 1'000'000) {
        return make_error(ErrorCode::kInvalidArgument, "count is 1 to 1000000, or absent");
    }
    if (count > 0) fault.remaining = static_cast<int>(count);
    TECNOCHAT_TRY(const auto duration, integer_field(body, "duration_ms", 0));
    if (duration < 0) return make_error(ErrorCode::kInvalidArgument, "duration_ms is negative");
    fault.duration = Milliseconds(duration);
    TECNOCHAT_TRY(const std::string when, string_field(body, "when", "before"));
    if (when != "before" && when != "after") {
        return make_error(ErrorCode::kInvalidArgument, "when is before or after");
    }
    fault.after_accept = when == "after";
    TECNOCHAT_TRY(const auto code, integer_field(body, "code", 0));
    fault.code = static_cast<int>(code);
    TECNOCHAT_TRY(const auto http_status, integer_field(body, "http_status", 0));
    if (http_status != 0 && (http_status < 400 || http_status > 599)) {
        return make_error(ErrorCode::kInvalidArgument, "http_status is 400 to 599");
    }
    fault.http_status = static_cast<int>(http_status);
    TECNOCHAT_TRY(const std::string field, string_field(body, "field"));
    if (field == "messages") fault.field = WebhookField::kMessages;
    if (field == "statuses") fault.field = WebhookField::kStatuses;
    if (!field.empty() && !fault.field) {
        return make_error(ErrorCode::kInvalidArgument, "field is messages or statuses");
    }
    return fault;
}

}  // namespace tecnochat::meta_simulator
