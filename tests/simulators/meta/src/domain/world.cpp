#include "domain/world.hpp"

#include <algorithm>
#include <utility>

#include "domain/names.hpp"
#include "domain/phone_number.hpp"

namespace tecnochat::meta_simulator {
namespace {

std::string key_of(const std::string& phone_number_id, const std::string& wa_id) {
    return phone_number_id + "|" + wa_id;
}

bool all_digits(const std::string& text) {
    return !text.empty() &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

Result<Number> World::add_number(Number number) {
    if (!all_digits(number.phone_number_id) || !all_digits(number.waba_id)) {
        return make_error(ErrorCode::kInvalidArgument, "phone_number_id and waba_id are digits");
    }
    auto digits = phone_digits(number.display_phone_number);
    if (!digits) {
        return make_error(ErrorCode::kInvalidArgument, "display_phone_number is no phone number");
    }
    if (number.messages_per_second <= 0) {
        return make_error(ErrorCode::kInvalidArgument, "messages_per_second must be positive");
    }
    if (numbers_.size() >= kNumbersMax) {
        return make_error(ErrorCode::kResourceExhausted, "too many numbers");
    }
    number.digits = std::move(*digits);
    const TokenBucket bucket(number.messages_per_second, number.messages_per_second, clock_.now());
    numbers_.insert_or_assign(number.phone_number_id, NumberState{number, bucket});
    return number;
}

Number* World::find_number(const std::string& phone_number_id) {
    const auto found = numbers_.find(phone_number_id);
    return found == numbers_.end() ? nullptr : &found->second.number;
}

std::vector<Number> World::numbers() const {
    std::vector<Number> all;
    all.reserve(numbers_.size());
    for (const auto& [id, state] : numbers_) all.push_back(state.number);
    return all;
}

Result<Customer> World::add_customer(Customer customer) {
    if (customers_.size() >= kCustomersMax) {
        return make_error(ErrorCode::kResourceExhausted, "too many customers");
    }
    if (customer.wa_id.empty()) {
        // 57 3xx is a Colombian mobile; 555 keeps it recognisable as invented.
        do {
            customer.wa_id = "57300555" + std::to_string(1000 + random_() % 9000);
        } while (customers_.contains(customer.wa_id) && customers_.size() < 4000);
        if (customers_.contains(customer.wa_id)) {
            customer.wa_id = "573" + std::to_string(100'000'000 + random_() % 900'000'000);
        }
    }
    auto digits = phone_digits(customer.wa_id);
    if (!digits) return make_error(ErrorCode::kInvalidArgument, "wa_id is no phone number");
    customer.wa_id = std::move(*digits);
    if (customer.name.empty()) customer.name = customer_name(random_());
    customers_.insert_or_assign(customer.wa_id, customer);
    return customer;
}

const Customer* World::find_customer(const std::string& wa_id) const {
    const auto found = customers_.find(wa_id);
    return found == customers_.end() ? nullptr : &found->second;
}

Result<Message> World::customer_writes(
    const std::string& phone_number_id, const std::string& wa_id, CustomerMessage written
) {
    const auto number = numbers_.find(phone_number_id);
    if (number == numbers_.end()) return make_error(ErrorCode::kNotFound, "no such number");
    const Customer* customer = find_customer(wa_id);
    if (customer == nullptr) return make_error(ErrorCode::kNotFound, "no such customer");

    wa_id_by_user_id_.insert_or_assign(user_id(number->second.number, *customer), wa_id);
    number->second.bucket.take_forced(clock_.now());
    Conversation& thread = conversation(number->second.number, wa_id);
    Message message;
    message.wamid = make_wamid(wa_id, Direction::kFromCustomer, random_);
    message.direction = Direction::kFromCustomer;
    message.type = std::move(written.type);
    message.text = std::move(written.text);
    message.context_id = std::move(written.context_id);
    message.at = written.at.value_or(clock_.now());
    message.webhook = WebhookState::kPending;
    // The window counts from the message's own timestamp, so an old message does not open it.
    thread.last_customer_message_at =
        std::max(thread.last_customer_message_at.value_or(message.at), message.at);
    return store(thread, std::move(message));
}

Status World::open_conversation(const std::string& phone_number_id, const std::string& wa_id) {
    const Number* number = find_number(phone_number_id);
    if (number == nullptr) return make_error(ErrorCode::kNotFound, "no such number");
    if (find_customer(wa_id) == nullptr) {
        return make_error(ErrorCode::kNotFound, "no such customer");
    }
    conversation(*number, wa_id).last_sequence = ++last_sequence_;
    return ok();
}

std::vector<Message> World::customer_reads(
    const std::string& phone_number_id, const std::string& wa_id
) {
    std::vector<Message> newly_read;
    const auto found = conversations_.find(key_of(phone_number_id, wa_id));
    if (found == conversations_.end()) return newly_read;
    const Timestamp now = clock_.now();
    for (auto& message : found->second.messages) {
        if (message.direction != Direction::kFromBusiness || message.statuses.empty()) continue;
        const StatusKind last = message.statuses.back().kind;
        if (last == StatusKind::kRead || last == StatusKind::kFailed) continue;
        message.statuses.push_back({StatusKind::kRead, now, 0});
        newly_read.push_back(message);
    }
    return newly_read;
}

Message* World::find_message(const std::string& wamid) {
    const auto place = conversation_key_by_wamid_.find(wamid);
    if (place == conversation_key_by_wamid_.end()) return nullptr;
    const auto thread = conversations_.find(place->second);
    TECNOCHAT_ASSERT(thread != conversations_.end(), "a known message has a conversation");
    // Asked for soon after the message was stored, so the search starts at the newest.
    auto& messages = thread->second.messages;
    const auto found = std::find_if(messages.rbegin(), messages.rend(), [&](const Message& m) {
        return m.wamid == wamid;
    });
    TECNOCHAT_ASSERT(found != messages.rend(), "a known message is in its conversation");
    return &*found;
}

const Conversation* World::find_conversation(
    const std::string& phone_number_id, const std::string& wa_id
) const {
    const auto found = conversations_.find(key_of(phone_number_id, wa_id));
    return found == conversations_.end() ? nullptr : &found->second;
}

std::vector<const Conversation*> World::recent_conversations(
    const std::string& phone_number_id, std::size_t limit
) const {
    std::vector<const Conversation*> recent;
    for (const auto& [key, thread] : conversations_) {
        if (thread.phone_number_id == phone_number_id) recent.push_back(&thread);
    }
    const auto newer = [](const Conversation* a, const Conversation* b) {
        return a->last_sequence > b->last_sequence;
    };
    const auto wanted = std::min(limit, recent.size());
    std::partial_sort(
        recent.begin(), recent.begin() + static_cast<std::ptrdiff_t>(wanted), recent.end(), newer
    );
    recent.resize(wanted);
    return recent;
}

Conversation& World::conversation(const Number& number, const std::string& wa_id) {
    auto [place, created] =
        conversations_.try_emplace(key_of(number.phone_number_id, wa_id), Conversation{});
    if (created) {
        place->second.phone_number_id = number.phone_number_id;
        place->second.wa_id = wa_id;
    }
    return place->second;
}

Message& World::store(Conversation& thread, Message message) {
    message.sequence = ++last_sequence_;
    thread.last_sequence = message.sequence;
    const std::string key = key_of(thread.phone_number_id, thread.wa_id);
    conversation_key_by_wamid_.insert_or_assign(message.wamid, key);
    thread.messages.push_back(std::move(message));
    keys_by_age_.push_back(key);
    forget_oldest();
    return thread.messages.back();
}

void World::forget_oldest() {
    while (keys_by_age_.size() > kMessagesMax) {
        auto& messages = conversations_.at(keys_by_age_.front()).messages;
        conversation_key_by_wamid_.erase(messages.front().wamid);
        messages.pop_front();
        keys_by_age_.pop_front();
    }
}

std::string World::user_id(const Number& number, const Customer& customer) {
    // FNV-1a over both: as opaque as Meta's, and the same in every run.
    std::uint64_t hash = 14695981039346656037ULL;
    for (const char c : number.waba_id + "|" + customer.wa_id) {
        hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
    }
    const std::string country = country_code(customer.wa_id) == "57" ? "CO." : "US.";
    return country + std::to_string(hash);
}

}  // namespace tecnochat::meta_simulator
