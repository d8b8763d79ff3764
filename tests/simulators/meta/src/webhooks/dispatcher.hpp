#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "domain/random.hpp"
#include "domain/virtual_clock.hpp"
#include "webhooks/payload.hpp"

namespace tecnochat::meta_simulator {

/// One or several updates that travel, and are retried, as one POST.
struct Delivery {
    std::vector<Update> updates;
    /// Ids of the customers' messages in it, to be told how they fare.
    std::vector<std::string> inbound_wamids;
    /// Not before this (virtual) time.
    Timestamp due;
    /// Deliveries with the same key keep their order on the first attempt.
    std::size_t lane_key = 0;
    /// Waits until a later delivery of the same lane has overtaken it (fault "reorder").
    bool hold_back = false;
    /// Sent as it is instead of being composed from `updates`.
    std::string raw_body;
    /// Replaces the right signature; empty string: no header at all.
    std::optional<std::string> raw_signature;

    int attempts = 0;
    Timestamp first_attempt_at;
};

/// What became of one attempt; `http_status` 0: no answer.
struct AttemptOutcome {
    int http_status = 0;
    int attempts = 0;
    bool will_retry = false;
};

struct WebhookCounters {
    std::uint64_t submitted = 0;
    std::uint64_t attempts = 0;
    std::uint64_t answered_200 = 0;
    std::uint64_t answered_other = 0;
    std::uint64_t unanswered = 0;
    std::uint64_t given_up = 0;
    std::uint64_t pending = 0;
};

/// How the dispatcher behaves where it may be changed while running.
struct DispatchSettings {
    std::atomic<bool> escaped_unicode{true};
    std::atomic<int> batch_max{1};
};

/// Posts one body; returns the HTTP status, 0 when there was none. One instance per lane; post() is
/// called by that lane's thread only, abort() by the one that stops the dispatcher.
class WebhookPoster {
 public:
    virtual ~WebhookPoster() = default;
    virtual int post(const std::string& body, const std::string& signature) = 0;
    /// Ends a post() that is waiting for its answer.
    virtual void abort() = 0;
};

/// Delivers webhooks at least once, in order per lane key on the first attempt, retrying on the
/// virtual clock for seven days. Each lane is a thread with one kept-alive connection and a queue
/// sorted by due time. Thread-safe. The destructor stops the lanes; what is pending is lost, as in
/// a power cut at Meta's.
class Dispatcher {
 public:
    using PosterFactory = std::function<std::unique_ptr<WebhookPoster>()>;
    using Observer = std::function<void(const Delivery&, const AttemptOutcome&)>;

    static constexpr std::size_t kPendingMax = 500'000;

    struct Options {
        std::string app_secret;
        std::size_t lanes = 32;
    };

    Dispatcher(
        Options options,
        const VirtualClock& clock,
        Random jitter,
        const PosterFactory& make_poster,
        Observer observer
    );
    Dispatcher(const Dispatcher&) = delete;
    Dispatcher& operator=(const Dispatcher&) = delete;
    ~Dispatcher();

    /// False when kPendingMax deliveries wait already.
    bool submit(Delivery delivery);
    /// To be called after the virtual clock was advanced.
    void wake();
    [[nodiscard]] WebhookCounters counters() const;
    void reset_counters();

    DispatchSettings settings;

 private:
    struct Lane {
        std::mutex mutex;
        std::condition_variable changed;
        std::multimap<Timestamp, Delivery> queue;
        std::unique_ptr<WebhookPoster> poster;
        bool ended = false;
        std::jthread thread;
    };

    void run(Lane& lane, const std::stop_token& stop);
    std::optional<Delivery> next(Lane& lane, const std::stop_token& stop);
    void add_batch(Lane& lane, Delivery& first);
    void attempt(Lane& lane, Delivery delivery);

    Options options_;
    const VirtualClock& clock_;
    Random jitter_;
    Observer observer_;
    std::atomic<std::uint64_t> submitted_{0};
    std::atomic<std::uint64_t> attempts_{0};
    std::atomic<std::uint64_t> answered_200_{0};
    std::atomic<std::uint64_t> answered_other_{0};
    std::atomic<std::uint64_t> unanswered_{0};
    std::atomic<std::uint64_t> given_up_{0};
    std::atomic<std::uint64_t> pending_{0};
    std::vector<std::unique_ptr<Lane>> lanes_;
};

}  // namespace tecnochat::meta_simulator
