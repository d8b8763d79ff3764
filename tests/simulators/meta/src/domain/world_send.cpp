// The business' side of the world: judging sends and read receipts.

#include <algorithm>
#include <utility>

#include "domain/phone_number.hpp"
#include "domain/world.hpp"

namespace tecnochat::meta_simulator {
namespace {

// Meta: one message per six seconds to one user, with a burst of 45.
constexpr double kPairBurst = 45;
constexpr double kPairPerSecond = 1.0 / 6.0;
// Meta, since October 2026: the first 1,000 service messages of a number and month are free.
constexpr int kFreeServiceMessages = 1000;

}  // namespace

std::variant<GraphError, Accepted> World::send(
    const std::string& phone_number_id, const SendRequest& request
) {
    const auto found = numbers_.find(phone_number_id);
    if (found == numbers_.end()) return unknown_object(phone_number_id);
    NumberState& state = found->second;
    if (auto error = check_send_request(request)) return *std::move(error);

    const auto customer = recipient_of(state.number, request);
    if (!customer) return graph_error(131009, "The recipient is not a valid phone number.");
    if (customer->wa_id == state.number.digits) {
        return graph_error(131021, "Recipient phone number cannot be the sender's.");
    }
    if (conversations_.size() >= kConversationsMax) {
        return graph_error(131000, "The simulator holds too many conversations.");
    }
    Conversation& thread = conversation(state.number, customer->wa_id);
    if (auto error = limit_error(state, thread)) return *std::move(error);
    const bool in_window = window_open(thread);
    if (!in_window && settings.window_error_in_answer) {
        return graph_error(
            131047,
            "Message failed to send because more than 24 hours have passed since the customer last "
            "replied to this number."
        );
    }

    Message message;
    message.wamid = make_wamid(customer->wa_id, Direction::kFromBusiness, random_);
    message.direction = Direction::kFromBusiness;
    message.text = given(request.text_body);
    message.context_id = request.context_message_id.value_or("");
    message.at = clock_.now();
    message.opaque = request.opaque;
    message.statuses = plan_statuses(*customer, in_window);
    thread.typing_until.reset();
    ++thread.outbound_count;
    return Accepted{state.number, *customer, store(thread, std::move(message))};
}

std::variant<GraphError, ReadReceipt> World::read(
    const std::string& phone_number_id, const SendRequest& request
) {
    if (!numbers_.contains(phone_number_id)) return unknown_object(phone_number_id);
    if (auto error = check_send_request(request)) return *std::move(error);
    const auto place = conversation_key_by_wamid_.find(given(request.message_id));
    const auto unknown = [] {
        return graph_error(131009, "The message_id is not a message of this number.");
    };
    if (place == conversation_key_by_wamid_.end()) return unknown();
    Conversation& thread = conversations_.at(place->second);
    if (thread.phone_number_id != phone_number_id) return unknown();
    const Message* target = find_message(given(request.message_id));
    if (target->direction != Direction::kFromCustomer) return unknown();

    // A receipt marks the message and all before it.
    ReadReceipt receipt{thread.wa_id, {}};
    const std::uint64_t up_to = target->sequence;
    for (auto& message : thread.messages) {
        if (message.sequence > up_to) break;
        if (message.direction == Direction::kFromCustomer && !message.read_by_business) {
            message.read_by_business = true;
            receipt.newly_read.push_back(message.wamid);
        }
    }
    if (request.typing) thread.typing_until = clock_.now() + kTypingLifetime;
    return receipt;
}

bool World::take_free_service_message(const std::string& phone_number_id) {
    const auto found = numbers_.find(phone_number_id);
    if (found == numbers_.end()) return false;
    const std::chrono::year_month_day date{std::chrono::floor<std::chrono::days>(clock_.now())};
    const int month =
        static_cast<int>(date.year()) * 12 + static_cast<int>(static_cast<unsigned>(date.month()));
    NumberState& state = found->second;
    if (state.service_month != month) {
        state.service_month = month;
        state.service_messages = 0;
    }
    return ++state.service_messages <= kFreeServiceMessages;
}

std::optional<Customer> World::recipient_of(const Number& number, const SendRequest& request)
    const {
    // If both are given, `to` wins.
    if (request.to) {
        auto digits = normalise_recipient(*request.to, number.digits);
        if (!digits) return std::nullopt;
        if (const Customer* known = find_customer(*digits)) return *known;
        Customer stranger;
        stranger.wa_id = std::move(*digits);
        stranger.unreachable = true;
        return stranger;
    }
    // A business can only know a user id from one of our webhooks.
    const auto known = wa_id_by_user_id_.find(given(request.recipient));
    if (known == wa_id_by_user_id_.end()) return std::nullopt;
    const Customer* customer = find_customer(known->second);
    if (customer == nullptr || user_id(number, *customer) != request.recipient) {
        return std::nullopt;  // user ids are scoped to one WABA
    }
    return *customer;
}

std::optional<GraphError> World::limit_error(NumberState& number, Conversation& thread) {
    if (!settings.rate_limits) return std::nullopt;
    const Timestamp now = clock_.now();
    if (!thread.pair_bucket) {
        thread.pair_bucket = std::make_unique<TokenBucket>(kPairBurst, kPairPerSecond, now);
    }
    if (!number.bucket.take(now)) {
        return graph_error(130429, "Message failed to send because there are too many requests.");
    }
    if (!thread.pair_bucket->take(now)) {
        return graph_error(
            131056,
            "Message failed to send because there were too many messages sent from this phone "
            "number to the same phone number in a short period of time."
        );
    }
    return std::nullopt;
}

bool World::window_open(const Conversation& thread) const {
    return thread.last_customer_message_at &&
           clock_.now() - *thread.last_customer_message_at <= kCustomerServiceWindow;
}

std::vector<StatusStep> World::plan_statuses(const Customer& customer, bool in_window) const {
    const Timestamp now = clock_.now();
    if (customer.unreachable) return {{StatusKind::kFailed, now + settings.sent_after, 131026}};
    if (!in_window) return {{StatusKind::kFailed, now + settings.sent_after, 131047}};
    const Timestamp delivered = now + std::max(settings.sent_after, settings.delivered_after);
    std::vector<StatusStep> steps = {
        {StatusKind::kSent, now + settings.sent_after, 0},
        {StatusKind::kDelivered, delivered, 0},
    };
    if (customer.reads == Reads::kAtOnce) {
        steps.push_back({StatusKind::kRead, std::max(delivered, now + settings.read_after), 0});
    }
    return steps;
}

}  // namespace tecnochat::meta_simulator
