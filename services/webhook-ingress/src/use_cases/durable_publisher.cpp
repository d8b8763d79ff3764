#include "use_cases/durable_publisher.hpp"

#include <atomic>
#include <functional>
#include <numeric>
#include <utility>

#include "tecnochat/kafka/topics.hpp"
#include "tecnochat/telemetry/log.hpp"

namespace tecnochat::webhook_ingress {
namespace {

// How exactly the time limit is kept: one look at all waiting webhooks instead of a timer for each.
constexpr Milliseconds kLook{50};

/// What waits in librdkafka's queue; not the body's size, for a contact goes with each of its
/// items.
std::size_t size_of(const std::vector<kafka::OutRecord>& records) {
    return std::transform_reduce(
        records.begin(),
        records.end(),
        std::size_t{0},
        std::plus<>(),
        [](const kafka::OutRecord& record) { return record.value.size(); }
    );
}

}  // namespace

struct DurablePublisher::InFlight {
    explicit InFlight(IngressMetrics& metrics_of_service) : metrics(metrics_of_service) {}

    bool admit(std::size_t size, const Limits& limits) {
        const std::size_t count = ++webhooks;
        const std::size_t total = bytes += size;
        const bool fits = count <= limits.in_flight_webhooks && total <= limits.in_flight_bytes;
        if (!fits) release(size);
        return fits;
    }
    void release(std::size_t size) {
        --webhooks;
        bytes -= size;
    }

    IngressMetrics& metrics;
    std::atomic<std::size_t> webhooks{0};
    std::atomic<std::size_t> bytes{0};
};

struct DurablePublisher::Batch {
    std::shared_ptr<InFlight> in_flight;
    std::size_t bytes = 0;
    std::chrono::steady_clock::time_point started;
    std::chrono::steady_clock::time_point deadline;
    Done done;
    std::atomic<std::size_t> open{0};  // records without a report
    std::atomic<bool> answered{false};

    void answer(bool durable) {
        if (!answered.exchange(true)) std::exchange(done, nullptr)(durable);
    }

    /// One record's report. A failure answers before it counts, so that the last report can tell.
    void settle(bool good) {
        if (!good) answer(false);
        if (--open > 0) return;
        in_flight->release(bytes);
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
        in_flight->metrics.ack_seconds.observe(took.count());
        answer(true);
    }
};

kafka::Producer& DurablePublisher::Producers::of(const kafka::OutRecord& record) const {
    return record.topic == kafka::topics::kWhatsappStatus ? statuses : messages;
}

DurablePublisher::DurablePublisher(Producers producers, Limits limits, IngressMetrics& metrics)
    : producers_(producers),
      limits_(limits),
      in_flight_(std::make_shared<InFlight>(metrics)),
      watcher_([this](const std::stop_token& stop) { answer_late_ones(stop); }) {}

DurablePublisher::~DurablePublisher() {
    watcher_.request_stop();
    watcher_.join();
    for (const auto& batch : watched_) batch->answer(false);
}

void DurablePublisher::publish(const std::vector<kafka::OutRecord>& records, Done done) {
    if (records.empty()) {
        done(true);
        return;
    }
    const std::size_t bytes = size_of(records);
    if (!producers_.connected() || !in_flight_->admit(bytes, limits_)) {
        telemetry::log_limited(
            telemetry::Level::kWarning,
            "webhook refused: the broker is away or too much waits for it",
            {{"in_flight", in_flight_->webhooks.load()}}
        );
        done(false);
        return;
    }
    const auto now = std::chrono::steady_clock::now();
    const auto batch = std::make_shared<Batch>();
    batch->in_flight = in_flight_;
    batch->bytes = bytes;
    batch->started = now;
    batch->deadline = now + limits_.answer_within - kLook;
    batch->done = std::move(done);
    batch->open = records.size();
    watch(batch);
    for (const kafka::OutRecord& record : records) {
        producers_.of(record).send(record, [batch](const Status& status) {
            batch->settle(status.has_value());
        });
    }
}

void DurablePublisher::watch(const std::shared_ptr<Batch>& batch) {
    const std::scoped_lock lock(mutex_);
    // Answered ones leave here, so the queue stays about as long as what is really in flight.
    while (!watched_.empty() && watched_.front()->answered) watched_.pop_front();
    watched_.push_back(batch);
}

void DurablePublisher::answer_late_ones(const std::stop_token& stop) {
    std::vector<std::shared_ptr<Batch>> late;
    while (!stop.stop_requested()) {
        {
            std::unique_lock lock(mutex_);
            wake_.wait_for(lock, stop, kLook, [] { return false; });
            const auto now = std::chrono::steady_clock::now();
            while (!watched_.empty() &&
                   (watched_.front()->answered || watched_.front()->deadline <= now)) {
                late.push_back(std::move(watched_.front()));
                watched_.pop_front();
            }
            in_flight_->metrics.in_flight_webhooks.set(static_cast<double>(in_flight_->webhooks));
            in_flight_->metrics.in_flight_bytes.set(static_cast<double>(in_flight_->bytes));
        }
        for (const auto& batch : late) batch->answer(false);
        late.clear();
    }
}

}  // namespace tecnochat::webhook_ingress
