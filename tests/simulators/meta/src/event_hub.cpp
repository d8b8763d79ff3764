#include "event_hub.hpp"

namespace tecnochat::meta_simulator {

std::optional<std::string> EventHub::Subscription::next(Milliseconds timeout) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, timeout, [&] { return ended_ || !queue_.empty(); });
    if (ended_) return std::nullopt;
    std::string text;
    for (const auto& event : queue_) text += event;
    queue_.clear();
    return text;
}

std::shared_ptr<EventHub::Subscription> EventHub::subscribe() {
    const std::scoped_lock lock(mutex_);
    if (closed_ || clients_.size() >= kClientsMax) return nullptr;
    clients_.push_back(std::make_shared<Subscription>());
    clients_count_ = clients_.size();
    return clients_.back();
}

void EventHub::unsubscribe(const std::shared_ptr<Subscription>& subscription) {
    const std::scoped_lock lock(mutex_);
    std::erase(clients_, subscription);
    clients_count_ = clients_.size();
}

void EventHub::publish(const std::string& event, const std::string& json) {
    if (!has_clients()) return;
    const std::string text = "event: " + event + "\ndata: " + json + "\n\n";
    const std::scoped_lock lock(mutex_);
    for (const auto& client : clients_) {
        const std::scoped_lock client_lock(client->mutex_);
        if (client->queue_.size() >= kQueueMax) client->ended_ = true;
        client->queue_.push_back(text);
        client->changed_.notify_one();
    }
}

void EventHub::close() {
    const std::scoped_lock lock(mutex_);
    closed_ = true;
    for (const auto& client : clients_) {
        const std::scoped_lock client_lock(client->mutex_);
        client->ended_ = true;
        client->changed_.notify_one();
    }
}

}  // namespace tecnochat::meta_simulator
