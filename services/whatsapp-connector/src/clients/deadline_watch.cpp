#include "clients/deadline_watch.hpp"

#include <algorithm>
#include <utility>

namespace tecnochat::whatsapp_connector {

DeadlineWatch::DeadlineWatch() : thread_([this](const std::stop_token& stop) { run(stop); }) {}

DeadlineWatch::Watched::Watched(DeadlineWatch& watch, Deadline deadline, std::function<void()> cut)
    : watch_(watch) {
    std::unique_lock lock(watch_.mutex_);
    watch_.calls_.push_back({deadline.time_point(), std::move(cut)});
    call_ = std::prev(watch_.calls_.end());
    // Deadlines mostly come in order: the thread sleeps on unless this one is the next.
    const bool sooner = call_->deadline < watch_.next_;
    lock.unlock();
    if (sooner) watch_.changed_.notify_one();
}

DeadlineWatch::Watched::~Watched() {
    std::scoped_lock lock(watch_.mutex_);
    watch_.calls_.erase(call_);
}

void DeadlineWatch::run(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
        next_ = cut_due();
        const auto sooner = [this] {
            return std::any_of(calls_.begin(), calls_.end(), [this](const Call& call) {
                return !call.is_cut && call.deadline < next_;
            });
        };
        if (next_ == std::chrono::steady_clock::time_point::max()) {
            changed_.wait(lock, stop, sooner);
        } else {
            changed_.wait_until(lock, stop, next_, sooner);
        }
    }
}

std::chrono::steady_clock::time_point DeadlineWatch::cut_due() {
    const auto now = std::chrono::steady_clock::now();
    auto next = std::chrono::steady_clock::time_point::max();
    for (auto& call : calls_) {
        if (call.is_cut) continue;
        if (call.deadline > now) {
            next = std::min(next, call.deadline);
        } else {
            call.is_cut = true;
            call.cut();
        }
    }
    return next;
}

}  // namespace tecnochat::whatsapp_connector
