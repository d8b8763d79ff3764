#include "front_queue.hpp"

namespace tecnochat::kafka {

FrontQueue::FrontQueue(std::chrono::milliseconds linger, Hand hand, Refused refused)
    : linger_(linger), hand_(std::move(hand)), refused_(std::move(refused)) {
    if (linger_ > std::chrono::milliseconds(0)) thread_ = std::thread([this] { run(); });
}

FrontQueue::~FrontQueue() {
    if (!thread_.joinable()) return;
    {
        std::scoped_lock lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
    thread_.join();
}

void FrontQueue::add(const OutRecord& record, void* opaque) {
    if (!thread_.joinable()) {
        const auto code = hand_(record, opaque);
        if (code != RD_KAFKA_RESP_ERR_NO_ERROR) refused_(opaque, code);
        return;
    }
    std::unique_lock lock(mutex_);
    const auto now = std::chrono::steady_clock::now();
    const bool busy = load_.note(now);
    if (held_.empty() && !busy) {
        std::vector<Refusal> refusals;
        hand_over(record, opaque, refusals);
        tell(lock, refusals);
        return;
    }
    held_.push_back({record, opaque});
    held_bytes_ += record.value.size();
    if (held_.size() >= kHeldMax || held_bytes_ >= kHeldBytesMax) {
        tell(lock, flush());
    } else if (held_.size() == 1) {
        due_ = now + linger_;
        lock.unlock();
        changed_.notify_one();
    }
}

void FrontQueue::run() {
    std::unique_lock lock(mutex_);
    while (true) {
        changed_.wait(lock, [this] { return stopping_ || !held_.empty(); });
        if (held_.empty()) return;  // only when stopping
        const auto due = due_;
        // Flushed for its size meanwhile and begun anew, it has another moment to be due.
        const bool sooner = changed_.wait_until(lock, due, [&] {
            return stopping_ || held_.empty() || due_ != due;
        });
        if (!sooner || stopping_) tell(lock, flush());
    }
}

void FrontQueue::hand_over(const OutRecord& record, void* opaque, std::vector<Refusal>& refusals) {
    auto code = RD_KAFKA_RESP_ERR_NO_ERROR;
    if (!untold_.empty() && untold_.contains({record.topic, record.key})) {
        // Must not overtake the refused one. The record itself has nothing wrong with it: its
        // sender may try again.
        code = RD_KAFKA_RESP_ERR__QUEUE_FULL;
    } else {
        code = hand_(record, opaque);
    }
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return;
    refusals.push_back({{record.topic, record.key}, opaque, code});
    untold_.insert(refusals.back().key);
}

std::vector<FrontQueue::Refusal> FrontQueue::flush() {
    std::vector<Refusal> refusals;
    for (const auto& [record, opaque] : held_) hand_over(record, opaque, refusals);
    held_.clear();
    held_bytes_ = 0;
    return refusals;
}

void FrontQueue::tell(std::unique_lock<std::mutex>& lock, const std::vector<Refusal>& refusals) {
    if (refusals.empty()) return;
    lock.unlock();
    for (const auto& refusal : refusals) refused_(refusal.opaque, refusal.code);
    lock.lock();
    for (const auto& refusal : refusals) untold_.erase(untold_.find(refusal.key));
}

}  // namespace tecnochat::kafka
