#include "simulator.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "json_views.hpp"

namespace tecnochat::meta_simulator {

Simulator::Simulator(
    const Options& options,
    const Clock& clock,
    const Random& random,
    const Dispatcher::PosterFactory& make_poster
)
    : clock_(clock),
      world_(clock_, random),
      log_(options.log_entries_max),
      dispatcher_(
          {options.app_secret, options.lanes},
          clock_,
          random,
          make_poster,
          [this](const Delivery& delivery, const AttemptOutcome& outcome) {
              observe(delivery, outcome);
          }
      ) {}

Result<Message> Simulator::customer_writes(
    const Thread& thread, CustomerMessage written, const std::string& body_json
) {
    const std::scoped_lock lock(mutex_);
    if (dispatcher_.counters().pending >= Dispatcher::kPendingMax) {
        return make_error(ErrorCode::kResourceExhausted, "too many webhooks are pending");
    }
    TECNOCHAT_TRY(
        auto message,
        world_.customer_writes(thread.phone_number_id, thread.wa_id, std::move(written))
    );
    const Number& number = *world_.find_number(thread.phone_number_id);
    const Customer& customer = *world_.find_customer(thread.wa_id);
    // Under the lock, so that webhooks leave in the order of the messages.
    submit(
        message_update(number, customer, message, body_json), clock_.now(), thread, message.wamid
    );
    publish_message(thread, message);
    return message;
}

Result<std::string> Simulator::customer_writes_elsewhere(
    const Thread& thread, CustomerMessage written, const std::string& body_json
) {
    const std::scoped_lock lock(mutex_);
    TECNOCHAT_TRY(
        const auto message,
        world_.customer_writes(thread.phone_number_id, thread.wa_id, std::move(written))
    );
    const Number& number = *world_.find_number(thread.phone_number_id);
    const Customer& customer = *world_.find_customer(thread.wa_id);
    const auto body = webhook_body({message_update(number, customer, message, body_json)});
    publish_message(thread, message);
    return dispatcher_.settings.escaped_unicode ? escaped_unicode(body) : body;
}

void Simulator::customer_reads(const Thread& thread) {
    const std::scoped_lock lock(mutex_);
    const Number* number = world_.find_number(thread.phone_number_id);
    const Customer* customer = world_.find_customer(thread.wa_id);
    if (number == nullptr || customer == nullptr) return;
    const Timestamp now = clock_.now();
    for (const auto& message : world_.customer_reads(thread.phone_number_id, thread.wa_id)) {
        const StatusStep step{StatusKind::kRead, now, 0};
        submit(status_update(*number, *customer, message, step, {}), now, thread, {});
    }
}

bool Simulator::send_raw_webhook(std::string body, std::optional<std::string> signature) {
    Delivery delivery;
    delivery.raw_body = std::move(body);
    delivery.raw_signature = std::move(signature);
    delivery.due = clock_.now();
    return dispatcher_.submit(std::move(delivery));
}

std::variant<GraphError, Accepted> Simulator::send(
    const std::string& phone_number_id, const SendRequest& request
) {
    const std::scoped_lock lock(mutex_);
    auto outcome = world_.send(phone_number_id, request);
    if (auto* accepted = std::get_if<Accepted>(&outcome)) {
        const Thread thread{phone_number_id, accepted->customer.wa_id};
        submit_statuses(*accepted);
        publish_message(thread, accepted->message);
        if (awaited_.contains(thread.key())) changed_.notify_all();
    }
    return outcome;
}

std::variant<GraphError, ReadReceipt> Simulator::read(
    const std::string& phone_number_id, const SendRequest& request
) {
    const std::scoped_lock lock(mutex_);
    auto outcome = world_.read(phone_number_id, request);
    const auto* receipt = std::get_if<ReadReceipt>(&outcome);
    if (receipt != nullptr && events_.has_clients()) {
        const nlohmann::json event = {
            {"phone_number_id", phone_number_id},
            {"wa_id", receipt->wa_id},
            {"wamids", receipt->newly_read},
            {"typing_ms", request.typing ? kTypingLifetime / Milliseconds(1) : 0},
        };
        events_.publish("business_read", dump(event));
    }
    return outcome;
}

std::optional<Fault> Simulator::graph_fault(
    std::initializer_list<FaultKind> kinds, const std::string& phone_number_id
) {
    const std::scoped_lock lock(mutex_);
    return faults_.strike(kinds, phone_number_id);
}

void Simulator::log(LoggedRequest request, bool accepted) {
    const std::scoped_lock lock(mutex_);
    request.at = clock_.now();
    log_.add(std::move(request), accepted);
}

void Simulator::apply(const Settings& settings) {
    const std::scoped_lock lock(mutex_);
    world_.settings = settings;
    dispatcher_.settings.escaped_unicode = settings.escaped_unicode;
    dispatcher_.settings.batch_max = settings.batch_max;
}

void Simulator::advance_clock(Milliseconds by) {
    clock_.advance(by);
    dispatcher_.wake();
    changed_.notify_all();
}

bool Simulator::wait(const Thread& thread, const Condition& condition, const Deadline& deadline) {
    constexpr Milliseconds kCheckEvery{25};
    std::unique_lock lock(mutex_);
    ++awaited_[thread.key()];
    bool held = condition(world_, log_);
    while (!held && !deadline.expired() && !stopped_) {
        changed_.wait_for(lock, std::min(kCheckEvery, deadline.remaining() + Milliseconds(1)));
        held = condition(world_, log_);
    }
    if (--awaited_[thread.key()] == 0) awaited_.erase(thread.key());
    return held;
}

void Simulator::stall(Milliseconds duration) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, duration, [&] { return stopped_; });
}

void Simulator::stop() {
    {
        const std::scoped_lock lock(mutex_);
        stopped_ = true;
        changed_.notify_all();
    }
    events_.close();
}

void Simulator::set_handed_over(std::set<std::string> keys) {
    const std::scoped_lock lock(mutex_);
    if (keys == handed_over_) return;
    handed_over_ = std::move(keys);
    events_.publish("handed_over", dump(nlohmann::json(handed_over_)));
}

void Simulator::set_released(const Thread& thread) {
    auto keys = handed_over();
    keys.erase(thread.key());
    set_handed_over(std::move(keys));
}

std::set<std::string> Simulator::handed_over() {
    const std::scoped_lock lock(mutex_);
    return handed_over_;
}

void Simulator::submit(
    Update update, Timestamp due, const Thread& thread, const std::string& wamid
) {
    const auto fault = faults_.strike_webhook(update.field, update.phone_number_id);
    Delivery delivery;
    delivery.updates.push_back(std::move(update));
    if (!wamid.empty()) delivery.inbound_wamids.push_back(wamid);
    delivery.due = due;
    delivery.lane_key = std::hash<std::string>{}(thread.key());
    if (!fault) {
        dispatcher_.submit(std::move(delivery));
        return;
    }
    if (fault->kind == FaultKind::kDrop) return;
    if (fault->kind == FaultKind::kDelay) delivery.due += fault->duration;
    if (fault->kind == FaultKind::kReorder) delivery.hold_back = true;
    if (fault->kind == FaultKind::kDuplicate) dispatcher_.submit(delivery);
    dispatcher_.submit(std::move(delivery));
}

void Simulator::submit_statuses(const Accepted& accepted) {
    const std::string& number_id = accepted.number.phone_number_id;
    if (faults_.strike({FaultKind::kWithholdEcho}, number_id)) return;
    StatusOptions options;
    options.with_opaque = !faults_.strike({FaultKind::kWithholdOpaque}, number_id);
    options.free_of_charge = world_.take_free_service_message(number_id);

    std::vector<StatusStep> steps = accepted.message.statuses;
    if (const auto fault = faults_.strike({FaultKind::kFailLater}, number_id)) {
        steps.resize(1);
        const int code = fault->code == 0 ? 131026 : fault->code;
        steps.push_back({StatusKind::kFailed, steps.front().at + fault->duration, code});
        if (Message* stored = world_.find_message(accepted.message.wamid)) {
            stored->statuses = steps;
        }
    }
    const Thread thread{number_id, accepted.customer.wa_id};
    for (const auto& step : steps) {
        submit(
            status_update(accepted.number, accepted.customer, accepted.message, step, options),
            step.at,
            thread,
            {}
        );
    }
}

void Simulator::observe(const Delivery& delivery, const AttemptOutcome& outcome) {
    if (delivery.inbound_wamids.empty()) return;
    const std::scoped_lock lock(mutex_);
    for (const auto& wamid : delivery.inbound_wamids) {
        Message* message = world_.find_message(wamid);
        if (message == nullptr || message->webhook == WebhookState::kAccepted) continue;
        message->webhook_attempts = outcome.attempts;
        message->webhook_last_status = outcome.http_status;
        message->webhook = outcome.http_status == 200 ? WebhookState::kAccepted
                           : outcome.will_retry       ? WebhookState::kRetrying
                                                      : WebhookState::kGivenUp;
        if (!events_.has_clients() || delivery.updates.empty()) continue;
        const nlohmann::json event = {
            {"phone_number_id", delivery.updates.front().phone_number_id},
            {"message", view(*message, clock_.now())},
        };
        events_.publish("webhook", dump(event));
    }
}

void Simulator::publish_message(const Thread& thread, const Message& message) {
    if (!events_.has_clients()) return;
    nlohmann::json event = {
        {"phone_number_id", thread.phone_number_id},
        {"wa_id", thread.wa_id},
        {"message", view(message, clock_.now())},
    };
    if (const Customer* customer = world_.find_customer(thread.wa_id)) {
        event["name"] = customer->name;
    }
    events_.publish("message", dump(event));
}

}  // namespace tecnochat::meta_simulator
