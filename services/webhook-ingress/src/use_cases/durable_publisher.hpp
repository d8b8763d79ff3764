#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "tecnochat/core/clock.hpp"
#include "tecnochat/kafka/producer.hpp"
#include "use_cases/ingress_metrics.hpp"

namespace tecnochat::webhook_ingress {

/// Publishes the records of one webhook as a unit: its caller hears "durable" after the broker
/// acknowledged every one of them, "not durable" after the first failure or when the time is up.
/// Some records may be durable all the same: Meta delivers again and consumers deduplicate.
///
/// Bounded: while the broker is away, or too much waits for acknowledgements, webhooks are refused
/// at once instead of piling up. Thread-safe.
class DurablePublisher {
 public:
    struct Limits {
        Milliseconds answer_within{3'000};
        std::size_t in_flight_webhooks = 10'000;
        std::size_t in_flight_bytes = 48 * 1024 * 1024;
    };
    /// Called exactly once, on the thread that serves the producer, the watching thread, or the
    /// caller's own.
    using Done = std::function<void(bool durable)>;

    /// Customers wait for what `messages` sends. For statuses nobody does, and their order means
    /// nothing: `statuses` may gather them.
    struct Producers {
        kafka::Producer& messages;
        kafka::Producer& statuses;
        [[nodiscard]] bool connected() const {
            return messages.connected() && statuses.connected();
        }
        [[nodiscard]] kafka::Producer& of(const kafka::OutRecord& record) const;
    };

    DurablePublisher(Producers producers, Limits limits, IngressMetrics& metrics);
    ~DurablePublisher();
    DurablePublisher(const DurablePublisher&) = delete;
    DurablePublisher& operator=(const DurablePublisher&) = delete;

    /// The records count against the limits until the broker has told of each.
    void publish(const std::vector<kafka::OutRecord>& records, Done done);

 private:
    struct InFlight;
    struct Batch;

    void watch(const std::shared_ptr<Batch>& batch);
    void answer_late_ones(const std::stop_token& stop);

    Producers producers_;
    Limits limits_;
    // Owners: this and every batch, whose last delivery report may come after this has gone.
    std::shared_ptr<InFlight> in_flight_;
    std::mutex mutex_;
    std::condition_variable_any wake_;
    // In order of their deadlines. Owners of a batch: this queue until it is answered, and the
    // delivery callbacks of its records.
    std::deque<std::shared_ptr<Batch>> watched_;
    std::jthread watcher_;
};

}  // namespace tecnochat::webhook_ingress
