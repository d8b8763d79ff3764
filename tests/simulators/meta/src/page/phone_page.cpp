#include "page/phone_page.hpp"

#include <httplib.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <ranges>

#include "http/connection.hpp"
#include "json_views.hpp"
#include "page/assets.hpp"
#include "webhooks/payload.hpp"

namespace tecnochat::meta_simulator {
namespace {

constexpr std::size_t kPeopleMax = 100;
constexpr std::size_t kMessagesShownMax = 300;
constexpr Milliseconds kRouterDeadline{3000};
// Short, so that a closed tab is noticed and its thread freed.
constexpr Milliseconds kKeepAlive{5000};

Result<Thread> thread_of(const nlohmann::json& body) {
    Thread thread;
    TECNOCHAT_TRY(thread.phone_number_id, string_field(body, "phone_number_id"));
    TECNOCHAT_TRY(thread.wa_id, string_field(body, "wa_id"));
    return thread;
}

/// Answers of the business that the customer has not looked at.
std::size_t unread_count(const Conversation& thread) {
    std::size_t count = 0;
    for (const auto& message : std::ranges::reverse_view(thread.messages)) {
        if (message.direction == Direction::kFromCustomer || message.statuses.empty()) break;
        if (message.statuses.back().kind == StatusKind::kRead) break;
        ++count;
    }
    return count;
}

nlohmann::json person_view(const Conversation& thread, const World& world, Timestamp now) {
    const Customer* customer = world.find_customer(thread.wa_id);
    nlohmann::json person = {
        {"wa_id", thread.wa_id},
        {"name", customer == nullptr ? thread.wa_id : customer->name},
        {"unread", unread_count(thread)},
        {"sequence", thread.last_sequence},
    };
    if (!thread.messages.empty()) person["last"] = view(thread.messages.back(), now);
    return person;
}

std::string_view content_type(std::string_view name) {
    if (name.ends_with(".html")) return "text/html; charset=utf-8";
    if (name.ends_with(".css")) return "text/css; charset=utf-8";
    if (name.ends_with(".js")) return "text/javascript; charset=utf-8";
    return "image/svg+xml";
}

void harden(httplib::Response& response) {
    response.set_header(
        "Content-Security-Policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    response.set_header("X-Content-Type-Options", "nosniff");
    response.set_header("Referrer-Policy", "no-referrer");
    response.set_header("Cache-Control", "no-store");
}

/// A JSON body makes browsers ask before another site may post here; nobody answers that.
bool is_foreign_post(const httplib::Request& request) {
    return request.method == "POST" &&
           !request.get_header_value("Content-Type").starts_with("application/json");
}

}  // namespace

PhonePage::PhonePage(Simulator& simulator, RouterClient& router)
    : simulator_(simulator), router_(router) {
    const auto route = [this](const char* method, const char* pattern, auto member) {
        routes_.add(method, pattern, [this, member](const Call& c) { return (this->*member)(c); });
    };
    route("GET", "/api/state", &PhonePage::show_state);
    route("GET", "/api/messages", &PhonePage::list_messages);
    route("POST", "/api/customers", &PhonePage::create_customer);
    route("POST", "/api/messages", &PhonePage::write);
    route("POST", "/api/read", &PhonePage::read);
    route("POST", "/api/release", &PhonePage::release);
}

bool PhonePage::handle(const httplib::Request& request, httplib::Response& response) {
    if (request.method == "GET") {
        const std::string name = request.path == "/" ? "index.html" : request.path.substr(1);
        if (const auto file = asset(name)) {
            harden(response);
            response.set_content(file->data(), file->size(), std::string(content_type(name)));
            return true;
        }
        if (request.path == "/api/events") {
            harden(response);
            stream_events(response);
            return true;
        }
    }
    if (!request.path.starts_with("/api/")) return false;
    harden(response);
    if (is_foreign_post(request)) {
        answer_json(response, 415, {{"error", "se espera application/json"}});
        return true;
    }
    return routes_.handle(request, response);
}

void PhonePage::set_router_reachable(bool reachable) {
    if (router_reachable_.exchange(reachable) == reachable) return;
    simulator_.events().publish("handover_available", reachable ? "true" : "false");
}

PhonePage::Answer PhonePage::show_state(const Call& call) {
    const Timestamp now = simulator_.clock().now();
    nlohmann::json answer = simulator_.with([&](World& world, FaultPlan&, RequestLog&) {
        nlohmann::json numbers = nlohmann::json::array();
        for (const auto& number : world.numbers()) numbers.push_back(view(number));
        std::string chosen = call.query("phone_number_id");
        if (world.find_number(chosen) == nullptr) {
            chosen = numbers.empty() ? "" : numbers[0]["phone_number_id"].get<std::string>();
        }
        nlohmann::json people = nlohmann::json::array();
        for (const auto* thread : world.recent_conversations(chosen, kPeopleMax)) {
            people.push_back(person_view(*thread, world, now));
        }
        return nlohmann::json{
            {"numbers", std::move(numbers)},
            {"phone_number_id", chosen},
            {"conversations", std::move(people)},
        };
    });
    answer["handed_over"] = simulator_.handed_over();
    answer["handover_available"] = router_reachable_.load();
    return answer;
}

PhonePage::Answer PhonePage::list_messages(const Call& call) {
    const Timestamp now = simulator_.clock().now();
    return simulator_.with([&](World& world, FaultPlan&, RequestLog&) -> Answer {
        const auto* thread =
            world.find_conversation(call.query("phone_number_id"), call.query("wa_id"));
        if (thread == nullptr) return make_error(ErrorCode::kNotFound, "no hay tal conversación");
        nlohmann::json messages = nlohmann::json::array();
        const std::size_t count = thread->messages.size();
        for (std::size_t i = count - std::min(count, kMessagesShownMax); i < count; ++i) {
            messages.push_back(view(thread->messages[i], now));
        }
        const Timestamp typing_until = thread->typing_until.value_or(now);
        return nlohmann::json{
            {"messages", std::move(messages)},
            {"typing_ms", std::max<std::int64_t>(0, (typing_until - now).count())},
        };
    });
}

PhonePage::Answer PhonePage::create_customer(const Call& call) {
    TECNOCHAT_TRY(const std::string number, string_field(call.body, "phone_number_id"));
    TECNOCHAT_TRY(const std::string name, string_field(call.body, "name"));
    return simulator_.with([&](World& world, FaultPlan&, RequestLog&) -> Answer {
        Customer customer;
        customer.name = name;
        customer.reads = Reads::kOnPage;
        TECNOCHAT_TRY(customer, world.add_customer(std::move(customer)));
        TECNOCHAT_CHECK(world.open_conversation(number, customer.wa_id));
        const auto* thread = world.find_conversation(number, customer.wa_id);
        return person_view(*thread, world, simulator_.clock().now());
    });
}

PhonePage::Answer PhonePage::write(const Call& call) {
    TECNOCHAT_TRY(const Thread thread, thread_of(call.body));
    TECNOCHAT_TRY(const std::string text, string_field(call.body, "text"));
    if (text.empty() || utf8_length(text) > kTextLengthMax) {
        return make_error(ErrorCode::kInvalidArgument, "el texto tiene de 1 a 4096 caracteres");
    }
    CustomerMessage message;
    message.text = text;
    TECNOCHAT_TRY(
        const auto stored,
        simulator_.customer_writes(
            thread, std::move(message), R"({"body":)" + json_quoted(text) + "}"
        )
    );
    return nlohmann::json{{"wamid", stored.wamid}};
}

PhonePage::Answer PhonePage::read(const Call& call) {
    TECNOCHAT_TRY(const Thread thread, thread_of(call.body));
    simulator_.customer_reads(thread);
    return nlohmann::json::object();
}

PhonePage::Answer PhonePage::release(const Call& call) {
    TECNOCHAT_TRY(const Thread thread, thread_of(call.body));
    TECNOCHAT_CHECK(router_.release(thread, Deadline::after(kRouterDeadline)));
    simulator_.set_released(thread);
    return nlohmann::json::object();
}

void PhonePage::stream_events(httplib::Response& response) {
    auto subscription = simulator_.events().subscribe();
    if (!subscription) {
        response.status = 503;
        response.set_content("Hay demasiadas páginas abiertas.", "text/plain; charset=utf-8");
        return;
    }
    Connection::current().stream();
    response.set_chunked_content_provider(
        "text/event-stream",
        [subscription, greeted = false](std::size_t, httplib::DataSink& sink) mutable {
            const auto events = greeted ? subscription->next(kKeepAlive) : std::string();
            greeted = true;
            if (!events || !Connection::current().client_present()) {
                sink.done();
                return events.has_value();
            }
            const std::string text = events->empty() ? ": still here\n\n" : *events;
            return sink.write(text.data(), text.size());
        },
        [this, subscription](bool) { simulator_.events().unsubscribe(subscription); }
    );
}

}  // namespace tecnochat::meta_simulator
