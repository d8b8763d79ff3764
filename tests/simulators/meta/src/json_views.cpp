#include "json_views.hpp"

#include <nlohmann/json.hpp>

namespace tecnochat::meta_simulator {
namespace {

std::string_view to_string(Access access) {
    switch (access) {
        case Access::kOk:
            return "ok";
        case Access::kTokenExpired:
            return "token_expired";
        case Access::kTokenRevoked:
            return "token_revoked";
        case Access::kGone:
            return "gone";
    }
    TECNOCHAT_ASSERT(false, "unknown access");
}

std::string_view to_string(Reads reads) {
    switch (reads) {
        case Reads::kNever:
            return "never";
        case Reads::kAtOnce:
            return "at_once";
        case Reads::kOnPage:
            return "on_page";
    }
    TECNOCHAT_ASSERT(false, "unknown reads");
}

}  // namespace

nlohmann::json view(const Number& number) {
    return {
        {"phone_number_id", number.phone_number_id},
        {"waba_id", number.waba_id},
        {"display_phone_number", number.display_phone_number},
        {"name", number.name},
        {"messages_per_second", number.messages_per_second},
        {"access", to_string(number.access)},
    };
}

nlohmann::json view(const Customer& customer) {
    return {
        {"wa_id", customer.wa_id},
        {"name", customer.name},
        {"reads", to_string(customer.reads)},
        {"phone_hidden", customer.phone_hidden},
        {"unreachable", customer.unreachable},
    };
}

nlohmann::json view(const Message& message, Timestamp now) {
    const bool outbound = message.direction == Direction::kFromBusiness;
    nlohmann::json json = {
        {"wamid", message.wamid},
        {"sequence", message.sequence},
        {"direction", outbound ? "from_business" : "from_customer"},
        {"type", message.type},
        {"text", message.text},
        {"at", format_rfc3339(message.at)},
    };
    if (!message.context_id.empty()) json["context_id"] = message.context_id;
    if (!outbound) {
        json["webhook"] = {
            {"state", to_string(message.webhook)},
            {"attempts", message.webhook_attempts},
            {"last_status", message.webhook_last_status},
        };
        json["read_by_business"] = message.read_by_business;
        return json;
    }
    json["opaque"] = message.opaque ? nlohmann::json(*message.opaque) : nlohmann::json();
    json["statuses"] = nlohmann::json::array();
    json["status"] = "accepted";
    for (const auto& step : message.statuses) {
        if (step.at > now) continue;
        nlohmann::json status = {{"status", to_string(step.kind)}, {"at", format_rfc3339(step.at)}};
        if (step.error_code != 0) status["error_code"] = step.error_code;
        json["statuses"].push_back(std::move(status));
        json["status"] = to_string(step.kind);
    }
    return json;
}

nlohmann::json view(const Fault& fault) {
    nlohmann::json json = {
        {"id", fault.id},
        {"kind", to_string(fault.kind)},
        {"remaining", fault.remaining ? nlohmann::json(*fault.remaining) : nlohmann::json()},
        {"hits", fault.hits},
    };
    if (!fault.phone_number_id.empty()) json["phone_number_id"] = fault.phone_number_id;
    if (fault.duration.count() > 0) json["duration_ms"] = fault.duration.count();
    if (fault.kind == FaultKind::kStall) json["when"] = fault.after_accept ? "after" : "before";
    if (fault.code != 0) json["code"] = fault.code;
    if (fault.http_status != 0) json["http_status"] = fault.http_status;
    if (fault.field) {
        json["field"] = *fault.field == WebhookField::kMessages ? "messages" : "statuses";
    }
    return json;
}

nlohmann::json view(const LoggedRequest& request) {
    return {
        {"sequence", request.sequence},
        {"at", format_rfc3339(request.at)},
        {"method", request.method},
        {"path", request.path},
        {"phone_number_id", request.phone_number_id},
        {"kind", request.kind},
        {"outcome", request.outcome},
        {"http_status", request.http_status},
        {"error_code", request.error_code},
        {"opaque", request.opaque},
        {"wamid", request.wamid},
        {"body", request.body},
    };
}

nlohmann::json view(const RequestLog::Counters& counters) {
    nlohmann::json by_error_code = nlohmann::json::object();
    for (const auto& [code, count] : counters.by_error_code) {
        by_error_code[std::to_string(code)] = count;
    }
    return {
        {"total", counters.total},
        {"messages_accepted", counters.messages_accepted},
        {"distinct_opaque_accepted", counters.distinct_opaque_accepted},
        {"opaque_accepted_twice", counters.opaque_accepted_twice},
        {"by_kind", counters.by_kind},
        {"by_outcome", counters.by_outcome},
        {"by_error_code", std::move(by_error_code)},
    };
}

nlohmann::json view(const WebhookCounters& counters) {
    return {
        {"submitted", counters.submitted},
        {"attempts", counters.attempts},
        {"answered_200", counters.answered_200},
        {"answered_other", counters.answered_other},
        {"unanswered", counters.unanswered},
        {"given_up", counters.given_up},
        {"pending", counters.pending},
    };
}

nlohmann::json view(const Settings& settings) {
    return {
        {"sent_after_ms", settings.sent_after.count()},
        {"delivered_after_ms", settings.delivered_after.count()},
        {"read_after_ms", settings.read_after.count()},
        {"default_reads", to_string(settings.default_reads)},
        {"rate_limits", settings.rate_limits},
        {"window_error", settings.window_error_in_answer ? "answer" : "status"},
        {"escaped_unicode", settings.escaped_unicode},
        {"batch_max", settings.batch_max},
    };
}

std::string dump(const nlohmann::json& json) {
    return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace tecnochat::meta_simulator
