#include "http/graph_api.hpp"

#include <httplib.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "http/connection.hpp"
#include "http/send_parser.hpp"
#include "json_views.hpp"
#include "webhooks/payload.hpp"

namespace tecnochat::meta_simulator {
namespace {

// v26.0 is current (July 2026). Calls on a dead version are answered by a later one, with a header.
constexpr int kOldestLiveVersion = 21;

const std::initializer_list<FaultKind> kSendFaults = {
    FaultKind::kStall,
    FaultKind::kAcceptThenCut,
    FaultKind::kRateLimited,
    FaultKind::kPairLimited,
    FaultKind::kServerErrorAfterAccept,
    FaultKind::kServerErrorBeforeAccept,
    FaultKind::kError,
};

int major_version(std::string_view version) {
    int major = 0;
    std::from_chars(version.data() + 1, version.data() + version.size(), major);
    return major;
}

bool is_version(std::string_view text) {
    const std::size_t dot = text.find('.');
    const auto digits = [](std::string_view part) {
        return !part.empty() && part.size() <= 3 &&
               std::all_of(part.begin(), part.end(), [](char c) { return c >= '0' && c <= '9'; });
    };
    return text.starts_with('v') && dot != std::string_view::npos &&
           digits(text.substr(1, dot - 1)) && digits(text.substr(dot + 1));
}

std::string error_json(const GraphError& error, const std::string& trace_id) {
    std::string json = R"({"error":{"message":)" + json_quoted(error.message) + R"(,"type":)" +
                       json_quoted(error.type) + R"(,"code":)" + std::to_string(error.code);
    if (error.subcode) json += R"(,"error_subcode":)" + std::to_string(*error.subcode);
    if (!error.details.empty()) {
        json += R"(,"error_data":{"messaging_product":"whatsapp","details":)" +
                json_quoted(error.details) + "}";
    }
    return json + R"(,"fbtrace_id":)" + json_quoted(trace_id) + "}}";
}

}  // namespace

/// One request on its way through this file.
struct GraphApi::Call {
    const httplib::Request& request;
    httplib::Response& response;
    GraphPath path;
    LoggedRequest log;
    std::string waba_id;
};

std::optional<GraphPath> parse_graph_path(std::string_view path) {
    if (!path.starts_with('/')) return std::nullopt;
    path.remove_prefix(1);
    GraphPath parsed;
    const std::size_t first = path.find('/');
    if (first == std::string_view::npos || !is_version(path.substr(0, first))) return std::nullopt;
    parsed.version = path.substr(0, first);
    path.remove_prefix(first + 1);
    const std::size_t second = std::min(path.find('/'), path.size());
    parsed.object_id = path.substr(0, second);
    if (second < path.size()) parsed.edge = path.substr(second + 1);
    if (parsed.object_id.empty()) return std::nullopt;
    return parsed;
}

bool GraphApi::refuses(std::string_view first_bytes) {
    constexpr std::string_view kPost = "POST ";
    if (!first_bytes.starts_with(kPost)) return false;
    const std::string_view rest = first_bytes.substr(kPost.size());
    const auto path = parse_graph_path(rest.substr(0, std::min(rest.find(' '), rest.find('?'))));
    if (!path || path->edge != "messages") return false;
    if (!simulator_.graph_fault({FaultKind::kRefuse}, path->object_id)) return false;
    LoggedRequest entry;
    entry.method = "POST";
    entry.path = "/" + path->version + "/" + path->object_id + "/messages";
    entry.phone_number_id = path->object_id;
    entry.kind = "unread";
    entry.outcome = "refused";
    simulator_.log(std::move(entry), false);
    return true;
}

void GraphApi::handle(const httplib::Request& request, httplib::Response& response) {
    auto path = parse_graph_path(request.path);
    Call call{request, response, path.value_or(GraphPath{}), {}, {}};
    call.log.method = request.method;
    call.log.path = request.path;
    call.log.phone_number_id = call.path.object_id;
    call.log.kind = "other";
    call.log.body = request.body;
    if (!path) return answer_error(call, unknown_object(request.path), "rejected");
    if (auto error = authorisation_error(request)) return answer_error(call, *error, "rejected");
    if (auto error = access_error(call)) {
        return answer_error(call, *error, "rejected");
    }
    if (request.method == "GET" && call.path.edge.empty()) return show_number(call);
    if (request.method != "POST" || call.path.edge != "messages") {
        return answer_error(call, unknown_object(call.path.object_id), "rejected");
    }
    const auto parsed = parse_send_request(request.body);
    if (const auto* error = std::get_if<GraphError>(&parsed)) {
        return answer_error(call, *error, "rejected");
    }
    const auto& body = std::get<SendRequest>(parsed);
    if (body.is_read_receipt()) return mark_read(call, body);
    send_message(call, body);
}

void GraphApi::send_message(Call& call, const SendRequest& request) {
    const std::string& number_id = call.path.object_id;
    call.log.kind = "message";
    call.log.opaque = request.opaque.value_or("");
    const auto fault = simulator_.graph_fault(kSendFaults, number_id);
    if (fault && fault->kind == FaultKind::kStall && !fault->after_accept) {
        simulator_.stall(fault->duration);
        // Who gave up meanwhile has not sent anything the platform would act on.
        if (!Connection::current().client_present()) return cut(call, "abandoned", false);
    }
    if (fault) {
        if (const auto error = fault_error(*fault)) {
            const bool server = fault->kind == FaultKind::kServerErrorBeforeAccept;
            return answer_error(call, *error, server ? "5xx_before_accept" : "rejected");
        }
    }
    const auto outcome = simulator_.send(number_id, request);
    if (const auto* error = std::get_if<GraphError>(&outcome)) {
        return answer_error(call, *error, "rejected");
    }
    const auto& accepted = std::get<Accepted>(outcome);
    call.log.wamid = accepted.message.wamid;

    if (fault && fault->kind == FaultKind::kAcceptThenCut) {
        return cut(call, "accept_then_cut", true);
    }
    if (fault && fault->kind == FaultKind::kServerErrorAfterAccept) {
        GraphError error = graph_error(fault->code == 0 ? 131000 : fault->code);
        error.http_status = fault->http_status == 0 ? 500 : fault->http_status;
        answer(call, error.http_status, error_json(error, "A" + std::to_string(random_())));
        call.log.error_code = error.code;
        return finish(call, "5xx_after_accept", true);
    }
    if (fault && fault->kind == FaultKind::kStall && fault->after_accept) {
        simulator_.stall(fault->duration);
    }
    std::string json = R"({"messaging_product":"whatsapp","contacts":[{"input":)" +
                       json_quoted(given(request.to ? request.to : request.recipient));
    if (!accepted.customer.phone_hidden) {
        json += R"(,"wa_id":)" + json_quoted(accepted.customer.wa_id);
    }
    if (!accepted.customer.unreachable) {
        json += R"(,"user_id":)" + json_quoted(World::user_id(accepted.number, accepted.customer));
    }
    json += R"(}],"messages":[{"id":)" + json_quoted(accepted.message.wamid) + "}]}";
    answer(call, 200, json);
    finish(call, "accepted", true);
}

void GraphApi::mark_read(Call& call, const SendRequest& request) {
    call.log.kind = request.typing ? "typing" : "read";
    call.log.wamid = request.message_id.value_or("");
    const auto outcome = simulator_.read(call.path.object_id, request);
    if (const auto* error = std::get_if<GraphError>(&outcome)) {
        return answer_error(call, *error, "rejected");
    }
    answer(call, 200, R"({"success":true})");
    finish(call, "accepted", false);
}

void GraphApi::show_number(Call& call) {
    const Number number = simulator_.with([&](World& world, FaultPlan&, RequestLog&) {
        const Number* found = world.find_number(call.path.object_id);
        return found == nullptr ? Number{} : *found;
    });
    const nlohmann::json json = {
        {"verified_name", number.name},
        {"display_phone_number", number.display_phone_number},
        {"quality_rating", "GREEN"},
        {"platform_type", "CLOUD_API"},
        {"throughput", {{"level", number.messages_per_second > 80 ? "HIGH" : "STANDARD"}}},
        {"code_verification_status", "VERIFIED"},
        {"status", "CONNECTED"},
        {"id", number.phone_number_id},
    };
    answer(call, 200, dump(json));
    finish(call, "accepted", false);
}

std::optional<GraphError> GraphApi::authorisation_error(const httplib::Request& request) const {
    constexpr std::string_view kBearer = "Bearer ";
    const std::string header = request.get_header_value("Authorization");
    if (!header.starts_with(kBearer) || header.substr(kBearer.size()) != options_.token) {
        return bad_token(0);
    }
    if (request.has_param("appsecret_proof")) {
        const std::string right = signature_header(options_.app_secret, options_.token);
        if ("sha256=" + request.get_param_value("appsecret_proof") != right) {
            return bad_parameter("Invalid appsecret_proof provided in the API argument");
        }
    }
    return std::nullopt;
}

std::optional<GraphError> GraphApi::access_error(Call& call) {
    return simulator_.with([&](World& world, FaultPlan&, RequestLog&) -> std::optional<GraphError> {
        const std::string& id = call.path.object_id;
        const Number* number = world.find_number(id);
        if (number == nullptr) return unknown_object(id);
        call.waba_id = number->waba_id;
        switch (number->access) {
            case Access::kOk:
                return std::nullopt;
            case Access::kTokenExpired:
                return bad_token(463);
            case Access::kTokenRevoked:
                return bad_token(460);
            case Access::kGone:
                return unknown_object(id);
        }
        TECNOCHAT_ASSERT(false, "unknown access");
    });
}

std::optional<GraphError> GraphApi::fault_error(const Fault& fault) const {
    int code = 0;
    if (fault.kind == FaultKind::kRateLimited) code = 130429;
    if (fault.kind == FaultKind::kPairLimited) code = 131056;
    if (fault.kind == FaultKind::kServerErrorBeforeAccept) code = 131000;
    if (fault.kind == FaultKind::kError) code = 1;
    if (code == 0) return std::nullopt;
    if (fault.code != 0) code = fault.code;
    GraphError error =
        code == 190 ? bad_token(460) : graph_error(code, "Injected by the simulator.");
    if (fault.http_status != 0) error.http_status = fault.http_status;
    return error;
}

void GraphApi::answer_error(Call& call, const GraphError& error, std::string_view outcome) {
    answer(call, error.http_status, error_json(error, "A" + std::to_string(random_())));
    std::string reason = error.message;
    std::replace(reason.begin(), reason.end(), '"', '\'');
    call.response.set_header(
        "WWW-Authenticate", R"(OAuth "Facebook Platform" "invalid_request" ")" + reason + "\""
    );
    call.log.error_code = error.code;
    finish(call, outcome, false);
}

void GraphApi::answer(Call& call, int status, const std::string& json) {
    call.log.http_status = status;
    call.response.status = status;
    // Recorded Graph answers escape what is beyond ASCII and every slash.
    call.response.set_content(escaped_unicode(json), "application/json; charset=UTF-8");
    const int version = call.path.version.empty() ? 0 : major_version(call.path.version);
    call.response.set_header("Facebook-Api-Version", call.path.version);
    if (version != 0 && version < kOldestLiveVersion) {
        call.response.set_header(
            "X-Ad-Api-Version-Warning",
            "The call has been auto-upgraded: the version is deprecated."
        );
    }
    call.response.set_header("X-FB-Trace-ID", std::to_string(random_()));
    call.response.set_header("X-FB-Request-ID", std::to_string(random_()));
    call.response.set_header("X-App-Usage", R"({"call_count":1,"total_cputime":1,"total_time":1})");
    call.response.set_header(
        "X-Business-Use-Case-Usage",
        R"({")" + call.waba_id +
            R"(":[{"type":"whatsapp","call_count":1,"total_cputime":1,"total_time":1,)"
            R"("estimated_time_to_regain_access":0}]})"
    );
}

void GraphApi::finish(Call& call, std::string_view outcome, bool accepted) {
    call.log.outcome = outcome;
    simulator_.log(std::move(call.log), accepted);
}

void GraphApi::cut(Call& call, std::string_view outcome, bool accepted) {
    Connection::current().cut();
    finish(call, outcome, accepted);
}

}  // namespace tecnochat::meta_simulator
