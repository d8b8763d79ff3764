#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>

#include "tecnochat/config/settings.hpp"
#include "tecnochat/core/failpoint.hpp"
#include "tecnochat/core/result.hpp"
#include "tecnochat/kafka/record.hpp"
#include "tecnochat/telemetry/metrics.hpp"

namespace tecnochat::kafka {

struct ProducerConfig {
    config::KafkaSettings kafka;
    std::string client_id;
    /// librdkafka's own limit for one record to be acknowledged, retries included.
    Milliseconds delivery_timeout{120'000};
    /// Under load (more than 8 records within 20 ms) records wait up to this long for others, so
    /// that one request carries many. 0: never. Not with served_by_caller.
    Milliseconds linger{1};
    /// Every record waits up to this long for others, at any load (linger.ms): for records that
    /// nobody waits for. Records without a key then go to one partition for that time.
    Milliseconds gather{0};
    /// Callbacks run where the caller calls serve() instead of on a thread of the producer's own.
    bool served_by_caller = false;
    /// Test only: a broker inside librdkafka instead of `kafka.brokers` (no TLS).
    int mock_brokers = 0;
    std::string mock_bootstrap;  // tests only: bootstrap servers without TLS
};

/// What became of one record. `in_doubt`: it failed and may have been written all the same.
struct Delivery {
    Status status;
    bool in_doubt = false;
};

/// Idempotent producer, acks=all; lingers under load only. Thread-safe. A fatal librdkafka error
/// ends the process (runtime::request_stop): only a new producer session can go on. The destructor
/// flushes for at most 5 s.
class Producer {
 public:
    Producer(const ProducerConfig& config, telemetry::Metrics& metrics);
    ~Producer();
    Producer(const Producer&) = delete;
    Producer& operator=(const Producer&) = delete;

    /// Called once per record on the thread that serves the producer, after the broker's
    /// acknowledgement or with the failure; a record refused at once is answered on the caller's
    /// thread before send() returns, or, where it lingered, on the thread that hands it over. Must
    /// not block. kUnavailable: broker away or local queue
    /// full; kInvalidArgument: the record itself is refused.
    using Acknowledged = std::function<void(Status)>;
    void send(const OutRecord& record, Acknowledged acknowledged);
    /// The same, for who must know whether a failed record may have been written.
    using Delivered = std::function<void(Delivery)>;
    void send_tracked(const OutRecord& record, Delivered delivered);
    /// Records of this topic have no delivery timeout: they wait for the brokers as long as the
    /// producer lives. Before the first record of the topic is sent.
    void never_time_out(const std::string& topic);

    /// Sends all, in order, and waits until every one is acknowledged. On failure some may be
    /// durable all the same: callers send again, consumers dedupe.
    Status send_and_wait(std::span<const OutRecord> records, Deadline deadline);

    /// Only for a producer that is served by its caller. Becomes readable when callbacks are due.
    [[nodiscard]] int descriptor() const;
    /// Runs the callbacks that are due, and waits for none. One thread at a time.
    void serve();

    /// True while the brokers answer (metadata seen within the last seconds, no fatal error); for
    /// readiness.
    [[nodiscard]] bool connected() const;

    /// The destructor's flush ends by then: a process that stops has one deadline for everything.
    void flush_by(Deadline deadline);

 private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace tecnochat::kafka
