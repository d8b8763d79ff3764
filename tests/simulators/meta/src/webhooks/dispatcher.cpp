#include "webhooks/dispatcher.hpp"

#include <algorithm>
#include <utility>

#include "domain/retry_schedule.hpp"

namespace tecnochat::meta_simulator {
namespace {

/// A held-back delivery goes out by itself after this, should nothing overtake it.
constexpr Milliseconds kHoldBackMax{2000};
/// A lane looks at the clock at least this often, whatever it was told.
constexpr Milliseconds kWaitMax{60'000};
constexpr Milliseconds kAbortEvery{20};

}  // namespace

Dispatcher::Dispatcher(
    Options options,
    const VirtualClock& clock,
    Random jitter,
    const PosterFactory& make_poster,
    Observer observer
)
    : options_(std::move(options)),
      clock_(clock),
      jitter_(std::move(jitter)),
      observer_(std::move(observer)) {
    TECNOCHAT_ASSERT(options_.lanes > 0, "a dispatcher has lanes");
    lanes_.reserve(options_.lanes);
    for (std::size_t i = 0; i < options_.lanes; ++i) {
        auto& lane = *lanes_.emplace_back(std::make_unique<Lane>());
        lane.poster = make_poster();
        lane.thread = std::jthread([this, &lane](const std::stop_token& stop) { run(lane, stop); });
    }
}

Dispatcher::~Dispatcher() {
    for (auto& lane : lanes_) lane->thread.request_stop();
    wake();
    // Again and again: a lane may have been about to post when it was aborted.
    for (auto& lane : lanes_) {
        std::unique_lock lock(lane->mutex);
        while (!lane->ended) {
            lane->poster->abort();
            lane->changed.wait_for(lock, kAbortEvery);
        }
    }
}

bool Dispatcher::submit(Delivery delivery) {
    if (pending_.load(std::memory_order_relaxed) >= kPendingMax) return false;
    ++submitted_;
    ++pending_;
    Lane& lane = *lanes_[delivery.lane_key % lanes_.size()];
    const std::size_t key = delivery.lane_key;
    const bool hold_back = delivery.hold_back;
    if (hold_back) delivery.due += kHoldBackMax;
    {
        const std::scoped_lock lock(lane.mutex);
        const Timestamp due = delivery.due;
        lane.queue.emplace(due, std::move(delivery));
        if (!hold_back) {
            // Whoever was held back for this one follows right behind it.
            const auto held = std::find_if(lane.queue.begin(), lane.queue.end(), [&](auto& entry) {
                return entry.second.hold_back && entry.second.lane_key == key;
            });
            if (held != lane.queue.end()) {
                auto node = lane.queue.extract(held);
                node.mapped().hold_back = false;
                node.key() = due;
                lane.queue.insert(std::move(node));
            }
        }
    }
    lane.changed.notify_one();
    return true;
}

void Dispatcher::wake() {
    for (auto& lane : lanes_) {
        // Taken so that a lane cannot be between looking at the clock and waiting.
        const std::scoped_lock lock(lane->mutex);
        lane->changed.notify_all();
    }
}

WebhookCounters Dispatcher::counters() const {
    return {
        submitted_,
        attempts_,
        answered_200_,
        answered_other_,
        unanswered_,
        given_up_,
        pending_,
    };
}

void Dispatcher::reset_counters() {
    for (auto* counter :
         {&submitted_, &attempts_, &answered_200_, &answered_other_, &unanswered_, &given_up_}) {
        counter->store(0);
    }
}

void Dispatcher::run(Lane& lane, const std::stop_token& stop) {
    while (auto delivery = next(lane, stop)) attempt(lane, *std::move(delivery));
    const std::scoped_lock lock(lane.mutex);
    lane.ended = true;
    lane.changed.notify_all();
}

std::optional<Delivery> Dispatcher::next(Lane& lane, const std::stop_token& stop) {
    std::unique_lock lock(lane.mutex);
    while (!stop.stop_requested()) {
        if (lane.queue.empty()) {
            lane.changed.wait(lock);
            continue;
        }
        const auto first = lane.queue.begin();
        const Milliseconds wait = first->first - clock_.now();
        if (wait.count() > 0) {
            lane.changed.wait_for(lock, std::min(wait, kWaitMax));
            continue;
        }
        Delivery delivery = std::move(first->second);
        lane.queue.erase(first);
        if (delivery.attempts == 0 && delivery.raw_body.empty()) add_batch(lane, delivery);
        return delivery;
    }
    return std::nullopt;
}

void Dispatcher::add_batch(Lane& lane, Delivery& first) {
    const auto batch_max = static_cast<std::size_t>(std::max(1, settings.batch_max.load()));
    const Timestamp now = clock_.now();
    while (first.updates.size() < batch_max && !lane.queue.empty()) {
        const auto next_up = lane.queue.begin();
        Delivery& more = next_up->second;
        if (next_up->first > now || more.attempts > 0 || !more.raw_body.empty()) return;
        std::move(more.updates.begin(), more.updates.end(), std::back_inserter(first.updates));
        std::move(
            more.inbound_wamids.begin(),
            more.inbound_wamids.end(),
            std::back_inserter(first.inbound_wamids)
        );
        lane.queue.erase(next_up);
        --pending_;
    }
}

void Dispatcher::attempt(Lane& lane, Delivery delivery) {
    if (delivery.attempts == 0) {
        delivery.first_attempt_at = clock_.now();
        // Composed once: a retry must repeat the same bytes.
        if (delivery.raw_body.empty()) {
            delivery.raw_body = webhook_body(delivery.updates);
            if (settings.escaped_unicode) delivery.raw_body = escaped_unicode(delivery.raw_body);
        }
        if (!delivery.raw_signature) {
            delivery.raw_signature = signature_header(options_.app_secret, delivery.raw_body);
        }
    }
    ++delivery.attempts;
    ++attempts_;
    const int status = lane.poster->post(delivery.raw_body, delivery.raw_signature.value_or(""));
    if (status == 200) {
        ++answered_200_;
        observer_(delivery, {status, delivery.attempts, false});
        --pending_;
        return;
    }
    ++(status == 0 ? unanswered_ : answered_other_);
    // Read once, before anyone is told: whoever moves the clock because of this failure must find
    // the retry counted from it.
    const Timestamp failed_at = clock_.now();
    const auto wait = next_webhook_retry(delivery.attempts, failed_at - delivery.first_attempt_at);
    observer_(delivery, {status, delivery.attempts, wait.has_value()});
    if (!wait) {
        ++given_up_;
        --pending_;
        return;
    }
    // A tenth of jitter, so that a thousand failed webhooks do not come back in one instant.
    const auto spread = static_cast<std::int64_t>(jitter_() % 100);
    const Timestamp due = failed_at + *wait + *wait * spread / 1000;
    const std::scoped_lock lock(lane.mutex);
    lane.queue.emplace(due, std::move(delivery));
}

}  // namespace tecnochat::meta_simulator
