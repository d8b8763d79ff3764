#include "http/control_api.hpp"

#include <httplib.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "http/local_caller.hpp"
#include "json_views.hpp"
#include "tecnochat/crypto/encoding.hpp"

namespace tecnochat::meta_simulator {
namespace {

constexpr std::int64_t kWaitMaxMs = 120'000;
constexpr std::int64_t kListMax = 5000;

Thread thread_of(const JsonRoutes::Call& call) {
    return {call.segments.at(0), call.segments.at(1)};
}

Result<Access> parse_access(const std::string& name) {
    if (name == "ok") return Access::kOk;
    if (name == "token_expired") return Access::kTokenExpired;
    if (name == "token_revoked") return Access::kTokenRevoked;
    if (name == "gone") return Access::kGone;
    return make_error(
        ErrorCode::kInvalidArgument, "access is ok, token_expired, token_revoked or gone"
    );
}

Result<Reads> parse_reads(const std::string& name, Reads otherwise) {
    if (name.empty()) return otherwise;
    if (name == "never") return Reads::kNever;
    if (name == "at_once") return Reads::kAtOnce;
    if (name == "on_page") return Reads::kOnPage;
    return make_error(ErrorCode::kInvalidArgument, "reads is never, at_once or on_page");
}

nlohmann::json messages_json(
    const Conversation* thread, std::int64_t after_sequence, std::int64_t limit, Timestamp now
) {
    nlohmann::json messages = nlohmann::json::array();
    if (thread == nullptr) return messages;
    for (const auto& message : thread->messages) {
        if (static_cast<std::int64_t>(message.sequence) <= after_sequence) continue;
        if (static_cast<std::int64_t>(messages.size()) >= limit) break;
        messages.push_back(view(message, now));
    }
    return messages;
}

}  // namespace

ControlApi::ControlApi(Simulator& simulator, Hooks hooks)
    : simulator_(simulator), hooks_(std::move(hooks)) {
    add_world_routes();
    add_operation_routes();
}

bool ControlApi::handle(const httplib::Request& request, httplib::Response& response) const {
    if (request.path.starts_with("/sim/")) {
        const int status = local_caller_status(request);
        if (status != 200) {
            const char* const why =
                status == 415 ? "JSON alone (application/json)" : "programs of this machine alone";
            answer_json(response, status, {{"error", why}});
            return true;
        }
    }
    return routes_.handle(request, response);
}

void ControlApi::add_world_routes() {
    const auto route = [this](const char* method, const char* pattern, auto member) {
        routes_.add(method, pattern, [this, member](const Call& c) { return (this->*member)(c); });
    };
    const std::string thread = "/sim/numbers/{}/customers/{}";
    route("POST", "/sim/numbers", &ControlApi::add_number);
    routes_.add("GET", "/sim/numbers", [this](const Call&) -> Answer {
        nlohmann::json all = nlohmann::json::array();
        simulator_.with([&](World& world, FaultPlan&, RequestLog&) {
            for (const auto& number : world.numbers()) all.push_back(view(number));
        });
        return nlohmann::json{{"numbers", std::move(all)}};
    });
    route("POST", "/sim/numbers/{}", &ControlApi::change_number);
    route("POST", "/sim/customers", &ControlApi::add_customer);
    route("POST", (thread + "/messages").c_str(), &ControlApi::write_as_customer);
    route("GET", (thread + "/messages").c_str(), &ControlApi::list_messages);
    route("POST", (thread + "/read").c_str(), &ControlApi::read_as_customer);
    route("POST", "/sim/webhooks", &ControlApi::raw_webhook);
    route("POST", "/sim/webhooks/prepared", &ControlApi::prepare_webhooks);
    route("GET", "/sim/wait", &ControlApi::wait);
}

void ControlApi::add_operation_routes() {
    const auto route = [this](const char* method, const char* pattern, auto member) {
        routes_.add(method, pattern, [this, member](const Call& c) { return (this->*member)(c); });
    };
    routes_.add("GET", "/readyz", [](const Call&) -> Answer {
        return nlohmann::json{{"status", "ready"}};
    });
    route("POST", "/sim/faults", &ControlApi::add_fault);
    route("GET", "/sim/faults", &ControlApi::list_faults);
    route("DELETE", "/sim/faults", &ControlApi::remove_fault);
    route("DELETE", "/sim/faults/{}", &ControlApi::remove_fault);
    routes_.add("POST", "/sim/listener", [this](const Call& call) -> Answer {
        TECNOCHAT_TRY(const auto duration, integer_field(call.body, "closed_ms", 0));
        if (duration < 0) return make_error(ErrorCode::kInvalidArgument, "closed_ms is negative");
        hooks_.close_graph(Milliseconds(duration));
        return nlohmann::json{{"closed_ms", duration}};
    });
    routes_.add("POST", "/sim/handshake", [this](const Call& call) -> Answer {
        TECNOCHAT_TRY(const std::string token, string_field(call.body, "verify_token"));
        TECNOCHAT_CHECK(hooks_.handshake(token));
        return nlohmann::json{{"verified", true}};
    });
    route("GET", "/sim/clock", &ControlApi::clock);
    route("POST", "/sim/clock", &ControlApi::clock);
    route("GET", "/sim/settings", &ControlApi::change_settings);
    route("POST", "/sim/settings", &ControlApi::change_settings);
    route("GET", "/sim/requests", &ControlApi::list_requests);
    routes_.add("GET", "/sim/requests/counters", [this](const Call&) -> Answer {
        return view(simulator_.with([](World&, FaultPlan&, RequestLog& log) {
            return log.counters();
        }));
    });
    routes_.add("DELETE", "/sim/requests", [this](const Call&) -> Answer {
        simulator_.with([](World&, FaultPlan&, RequestLog& log) { log.reset(); });
        return nlohmann::json::object();
    });
    routes_.add("GET", "/sim/webhooks/counters", [this](const Call&) -> Answer {
        return view(simulator_.webhooks().counters());
    });
    routes_.add("DELETE", "/sim/webhooks/counters", [this](const Call&) -> Answer {
        simulator_.webhooks().reset_counters();
        return nlohmann::json::object();
    });
}

ControlApi::Answer ControlApi::add_number(const Call& call) {
    TECNOCHAT_CHECK(only_fields(
        call.body,
        {"phone_number_id", "waba_id", "display_phone_number", "name", "messages_per_second"}
    ));
    Number number;
    TECNOCHAT_TRY(number.phone_number_id, string_field(call.body, "phone_number_id"));
    TECNOCHAT_TRY(number.waba_id, string_field(call.body, "waba_id"));
    TECNOCHAT_TRY(number.display_phone_number, string_field(call.body, "display_phone_number"));
    TECNOCHAT_TRY(number.name, string_field(call.body, "name", "Negocio"));
    TECNOCHAT_TRY(const auto rate, integer_field(call.body, "messages_per_second", 80));
    number.messages_per_second = static_cast<double>(rate);
    auto added = simulator_.with([&](World& world, FaultPlan&, RequestLog&) {
        return world.add_number(std::move(number));
    });
    if (!added) return added.error();
    return view(*added);
}

ControlApi::Answer ControlApi::change_number(const Call& call) {
    TECNOCHAT_CHECK(only_fields(call.body, {"access"}));
    TECNOCHAT_TRY(const std::string name, string_field(call.body, "access", "ok"));
    TECNOCHAT_TRY(const Access access, parse_access(name));
    return simulator_.with([&](World& world, FaultPlan&, RequestLog&) -> Answer {
        Number* number = world.find_number(call.segments.at(0));
        if (number == nullptr) return make_error(ErrorCode::kNotFound, "no such number");
        number->access = access;
        return view(*number);
    });
}

ControlApi::Answer ControlApi::add_customer(const Call& call) {
    TECNOCHAT_CHECK(
        only_fields(call.body, {"wa_id", "name", "reads", "phone_hidden", "unreachable"})
    );
    Customer customer;
    TECNOCHAT_TRY(customer.wa_id, string_field(call.body, "wa_id"));
    TECNOCHAT_TRY(customer.name, string_field(call.body, "name"));
    TECNOCHAT_TRY(customer.phone_hidden, bool_field(call.body, "phone_hidden", false));
    TECNOCHAT_TRY(customer.unreachable, bool_field(call.body, "unreachable", false));
    TECNOCHAT_TRY(const std::string reads, string_field(call.body, "reads"));
    return simulator_.with([&](World& world, FaultPlan&, RequestLog&) -> Answer {
        TECNOCHAT_TRY(customer.reads, parse_reads(reads, world.settings.default_reads));
        TECNOCHAT_TRY(const auto added, world.add_customer(std::move(customer)));
        return view(added);
    });
}

ControlApi::Answer ControlApi::write_as_customer(const Call& call) {
    TECNOCHAT_TRY(auto parsed, parse_customer_message(call.body));
    TECNOCHAT_TRY(const auto age, integer_field(call.body, "age_seconds", 0));
    TECNOCHAT_TRY(const std::string name, string_field(call.body, "name"));
    if (age > 0) parsed.message.at = simulator_.clock().now() - std::chrono::seconds(age);
    const Thread thread = thread_of(call);
    const Status known = simulator_.with([&](World& world, FaultPlan&, RequestLog&) -> Status {
        if (world.find_customer(thread.wa_id) != nullptr) return ok();
        Customer customer;
        customer.wa_id = thread.wa_id;
        customer.name = name;
        customer.reads = world.settings.default_reads;
        TECNOCHAT_TRY(customer, world.add_customer(std::move(customer)));
        return ok();
    });
    if (!known) return known.error();
    TECNOCHAT_TRY(
        const auto message,
        simulator_.customer_writes(thread, std::move(parsed.message), parsed.body_json)
    );
    return nlohmann::json{{"wamid", message.wamid}, {"sequence", message.sequence}};
}

ControlApi::Answer ControlApi::list_messages(const Call& call) {
    TECNOCHAT_TRY(const auto after, call.query_number("after_sequence", 0));
    TECNOCHAT_TRY(const auto limit, call.query_number("limit", 500));
    const Thread thread = thread_of(call);
    return simulator_.with([&](World& world, FaultPlan&, RequestLog&) -> Answer {
        const auto* conversation = world.find_conversation(thread.phone_number_id, thread.wa_id);
        const Timestamp now = simulator_.clock().now();
        return nlohmann::json{
            {"messages", messages_json(conversation, after, std::min(limit, kListMax), now)},
            {"outbound_count", conversation == nullptr ? 0 : conversation->outbound_count},
        };
    });
}

ControlApi::Answer ControlApi::read_as_customer(const Call& call) {
    simulator_.customer_reads(thread_of(call));
    return nlohmann::json::object();
}

ControlApi::Answer ControlApi::raw_webhook(const Call& call) {
    TECNOCHAT_CHECK(only_fields(call.body, {"body", "body_text", "body_base64", "signature"}));
    TECNOCHAT_TRY(std::string text, string_field(call.body, "body_text"));
    TECNOCHAT_TRY(const std::string encoded, string_field(call.body, "body_base64"));
    TECNOCHAT_TRY(const std::string signature, string_field(call.body, "signature", "good"));
    if (text.empty() && call.body.is_object() && call.body.contains("body")) {
        text = dump(call.body["body"]);
    }
    if (text.empty() && !encoded.empty()) {
        auto bytes = crypto::from_base64(encoded);
        if (!bytes) return make_error(ErrorCode::kInvalidArgument, "body_base64 is no base64");
        text = std::move(*bytes);
    }
    if (text.empty()) {
        return make_error(
            ErrorCode::kInvalidArgument, "body, body_text or body_base64 is required"
        );
    }
    std::optional<std::string> header;
    if (signature == "missing") header = "";
    if (signature == "bad") header = "sha256=" + std::string(64, '0');
    if (!header && signature != "good") {
        return make_error(ErrorCode::kInvalidArgument, "signature is good, bad or missing");
    }
    if (!simulator_.send_raw_webhook(std::move(text), std::move(header))) {
        return make_error(ErrorCode::kResourceExhausted, "too many webhooks are pending");
    }
    return nlohmann::json::object();
}

ControlApi::Answer ControlApi::add_fault(const Call& call) {
    TECNOCHAT_TRY(auto fault, parse_fault(call.body));
    return simulator_.with([&](World&, FaultPlan& faults, RequestLog&) -> Answer {
        TECNOCHAT_TRY(const auto id, faults.add(std::move(fault)));
        return nlohmann::json{{"id", id}};
    });
}

ControlApi::Answer ControlApi::list_faults(const Call&) {
    nlohmann::json all = nlohmann::json::array();
    simulator_.with([&](World&, FaultPlan& faults, RequestLog&) {
        for (const auto& fault : faults.all()) all.push_back(view(fault));
    });
    return nlohmann::json{{"faults", std::move(all)}};
}

ControlApi::Answer ControlApi::remove_fault(const Call& call) {
    return simulator_.with([&](World&, FaultPlan& faults, RequestLog&) -> Answer {
        if (call.segments.empty()) {
            faults.clear();
            return nlohmann::json::object();
        }
        std::uint64_t id = 0;
        const std::string& text = call.segments.front();
        std::from_chars(text.data(), text.data() + text.size(), id);
        if (!faults.remove(id)) return make_error(ErrorCode::kNotFound, "no such fault");
        return nlohmann::json::object();
    });
}

ControlApi::Answer ControlApi::clock(const Call& call) {
    TECNOCHAT_CHECK(only_fields(call.body, {"advance_ms"}));
    TECNOCHAT_TRY(const auto advance, integer_field(call.body, "advance_ms", 0));
    if (advance < 0) return make_error(ErrorCode::kInvalidArgument, "time does not run backwards");
    if (advance > 0) simulator_.advance_clock(Milliseconds(advance));
    return nlohmann::json{
        {"now", format_rfc3339(simulator_.clock().now())},
        {"offset_ms", simulator_.clock().offset().count()},
    };
}

ControlApi::Answer ControlApi::change_settings(const Call& call) {
    TECNOCHAT_CHECK(only_fields(
        call.body,
        {"sent_after_ms",
         "delivered_after_ms",
         "read_after_ms",
         "default_reads",
         "rate_limits",
         "window_error",
         "escaped_unicode",
         "batch_max"}
    ));
    const auto& body = call.body;
    Settings settings =
        simulator_.with([](World& world, FaultPlan&, RequestLog&) { return world.settings; });
    const auto milliseconds = [&](const char* key, Milliseconds& value) -> Status {
        TECNOCHAT_TRY(const auto count, integer_field(body, key, value.count()));
        if (count < 0) return make_error(ErrorCode::kInvalidArgument, "a delay is negative");
        value = Milliseconds(count);
        return ok();
    };
    TECNOCHAT_CHECK(milliseconds("sent_after_ms", settings.sent_after));
    TECNOCHAT_CHECK(milliseconds("delivered_after_ms", settings.delivered_after));
    TECNOCHAT_CHECK(milliseconds("read_after_ms", settings.read_after));
    TECNOCHAT_TRY(const std::string reads, string_field(body, "default_reads"));
    TECNOCHAT_TRY(settings.default_reads, parse_reads(reads, settings.default_reads));
    TECNOCHAT_TRY(settings.rate_limits, bool_field(body, "rate_limits", settings.rate_limits));
    TECNOCHAT_TRY(
        const std::string window,
        string_field(body, "window_error", settings.window_error_in_answer ? "answer" : "status")
    );
    if (window != "answer" && window != "status") {
        return make_error(ErrorCode::kInvalidArgument, "window_error is answer or status");
    }
    settings.window_error_in_answer = window == "answer";
    TECNOCHAT_TRY(
        settings.escaped_unicode, bool_field(body, "escaped_unicode", settings.escaped_unicode)
    );
    TECNOCHAT_TRY(const auto batch, integer_field(body, "batch_max", settings.batch_max));
    if (batch < 1 || batch > 1000) {
        return make_error(ErrorCode::kInvalidArgument, "batch_max is 1 to 1000");
    }
    settings.batch_max = static_cast<int>(batch);
    simulator_.apply(settings);
    return view(settings);
}

ControlApi::Answer ControlApi::list_requests(const Call& call) {
    RequestFilter filter;
    filter.phone_number_id = call.query("phone_number_id");
    filter.kind = call.query("kind");
    filter.outcome = call.query("outcome");
    filter.opaque = call.query("opaque");
    filter.wamid = call.query("wamid");
    TECNOCHAT_TRY(const auto after, call.query_number("after_sequence", 0));
    TECNOCHAT_TRY(const auto limit, call.query_number("limit", 100));
    filter.after_sequence = static_cast<std::uint64_t>(std::max<std::int64_t>(0, after));
    filter.limit = static_cast<std::size_t>(std::clamp<std::int64_t>(limit, 1, kListMax));
    const auto found =
        simulator_.with([&](World&, FaultPlan&, RequestLog& log) { return log.find(filter); });
    nlohmann::json all = nlohmann::json::array();
    for (const auto& request : found) all.push_back(view(request));
    return nlohmann::json{{"requests", std::move(all)}};
}

ControlApi::Answer ControlApi::wait(const Call& call) {
    const Thread thread{call.query("phone_number_id"), call.query("customer")};
    TECNOCHAT_TRY(const auto outbound, call.query_number("outbound", 0));
    TECNOCHAT_TRY(const auto accepted, call.query_number("accepted", 0));
    TECNOCHAT_TRY(const auto read, call.query_number("requests", 0));
    TECNOCHAT_TRY(const auto timeout, call.query_number("timeout_ms", 10'000));
    const bool idle = call.query("webhooks_idle") == "true";
    const auto count = [&](const World& world) -> std::int64_t {
        const auto* thread_state = world.find_conversation(thread.phone_number_id, thread.wa_id);
        return thread_state == nullptr ? 0
                                       : static_cast<std::int64_t>(thread_state->outbound_count);
    };
    const bool met = simulator_.wait(
        thread,
        [&](const World& world, const RequestLog& log) {
            return count(world) >= outbound &&
                   static_cast<std::int64_t>(log.messages_accepted()) >= accepted &&
                   static_cast<std::int64_t>(log.total()) >= read &&
                   (!idle || simulator_.webhooks().counters().pending == 0);
        },
        Deadline::after(Milliseconds(std::clamp<std::int64_t>(timeout, 0, kWaitMaxMs)))
    );
    return simulator_.with([&](World& world, FaultPlan&, RequestLog& log) -> Answer {
        const auto* state = world.find_conversation(thread.phone_number_id, thread.wa_id);
        return nlohmann::json{
            {"met", met},
            {"outbound_count", count(world)},
            {"accepted", log.messages_accepted()},
            {"requests", log.total()},
            {"messages", messages_json(state, 0, kListMax, simulator_.clock().now())},
        };
    });
}

}  // namespace tecnochat::meta_simulator
