#include "domain/send_rotation.hpp"

#include <algorithm>

namespace tecnochat::whatsapp_connector {

void SendRotation::add(const SendNumber& number) {
    auto& entry = entries_[number];
    if (entry.held || entry.ready) return;
    make_ready(number, entry);
}

void SendRotation::add_at(const SendNumber& number, Time when) {
    auto& entry = entries_[number];
    if (entry.held || (entry.when && *entry.when <= when)) return;
    set_time(number, entry, when);
}

void SendRotation::hold(const SendNumber& number, Time until) {
    leave(number);
    auto& entry = entries_[number];
    // The time of a retry, which may be minutes away, must not prolong it.
    const bool longer = entry.held && entry.when && *entry.when > until;
    entry.held = true;
    if (!longer) set_time(number, entry, until);
}

void SendRotation::leave(const SendNumber& number) {
    const auto found = entries_.find(number);
    if (found == entries_.end()) return;
    if (std::exchange(found->second.ready, false)) std::erase(ready_, number);
    if (!found->second.when) entries_.erase(found);
}

std::vector<SendNumber> SendRotation::take(Time now, std::size_t most) {
    while (!times_.empty() && times_.begin()->first <= now) {
        const SendNumber number = times_.begin()->second;
        auto& entry = entries_[number];
        set_time(number, entry, std::nullopt);
        entry.held = false;
        if (!entry.ready) make_ready(number, entry);
    }
    std::vector<SendNumber> taken;
    const auto count = std::min(most, ready_.size());
    for (std::size_t i = 0; i < count; ++i) {
        taken.push_back(ready_.front());
        ready_.pop_front();
        ready_.push_back(taken.back());
    }
    return taken;
}

std::optional<SendRotation::Time> SendRotation::next_time() const {
    if (times_.empty()) return std::nullopt;
    return times_.begin()->first;
}

void SendRotation::make_ready(const SendNumber& number, Entry& entry) {
    entry.ready = true;
    ready_.push_back(number);
}

void SendRotation::set_time(const SendNumber& number, Entry& entry, std::optional<Time> when) {
    if (entry.when) times_.erase({*entry.when, number});
    entry.when = when;
    if (when) times_.emplace(*when, number);
}

}  // namespace tecnochat::whatsapp_connector
