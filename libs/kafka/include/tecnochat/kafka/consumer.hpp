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

/// Which partitions a consumer reads, and from where.
enum class Reads {
    /// The replicas share the partitions as a group; each goes on after what the group committed.
    kShared,
    /// Every replica reads every partition, whole, at every start: directories in memory, from
    /// compacted topics. Nothing is committed; ready() once the end seen at the start is reached.
    kAllFromBeginning,
    /// Every replica reads every partition from now on: fan-out to whoever is connected to this
    /// replica. Nothing is committed; what is produced once ready() is true will be handed over.
    kAllFromEnd,
};

struct ConsumerConfig {
    config::KafkaSettings kafka;
    /// The service; the group is "<service>.<topic>", as deploy/topics.yaml grants it.
    std::string service;
    std::string topic;
    /// A batch is handed over as soon as something is there, never more than this.
    int max_batch = 200;
    /// How long the broker may gather records for one answer while there are few. 0: a record
    /// leaves at once, which topics want that somebody waits for. More costs less: batches grow.
    Milliseconds gather{0};
    /// Under load a batch waits this long for more records: where two were there already as the
    /// batch before it ended, or the rate of late is such that four more are to be expected in this
    /// time (200/s at 20 ms). At lower rates no record ever waits. 0: no batch does.
    Milliseconds gather_busy{20};
    /// The pause before a batch that failed is handed over again grows up to this.
    Milliseconds longest_pause{5000};
    Reads reads = Reads::kShared;
    /// Around each commit of offsets; nullptr: none.
    StepFailpoints* offset = nullptr;
    int mock_brokers = 0;  // tests only
    /// Tests only: bootstrap servers of a mock cluster, no TLS. It knows no static members: leave
    /// kafka.instance empty, or a restart waits for the session timeout.
    std::string mock_bootstrap;
};

/// Consumes one topic in batches on a thread of its own. Eager range assignment, static membership,
/// session timeout 10 s, auto-commit off, auto.offset.reset=earliest. Offsets are committed only
/// after the handler succeeded, at most every 100 ms and before partitions are given up: each
/// commit is a write at the broker that nobody waits for, and a crash brings the last batches
/// again.
///
/// A handler that fails retryably gets the same batch again, after a growing pause (polling goes
/// on, so that the membership lives); a handler that fails finally ends the process in order:
/// poison must be dead-lettered by the handler itself.
class Consumer {
 public:
    using Handler = std::function<Status(std::span<const Record>)>;

    Consumer(ConsumerConfig config, Handler handler, telemetry::Metrics& metrics);
    ~Consumer();  // stops, and waits for a handler however long it takes
    Consumer(const Consumer&) = delete;
    Consumer& operator=(const Consumer&) = delete;

    void start();
    /// Asks it to stop and returns at once, so that many can stop side by side.
    void request_stop();
    /// Finishes the batch under way, commits, leaves; waits for it until the deadline. False: it is
    /// still at work then (a handler that hangs); the destructor waits for it. Idempotent.
    bool stop(Deadline deadline);
    /// Partitions assigned at least once since start (and, where every replica reads all of them,
    /// read up to the end seen at the start).
    [[nodiscard]] bool ready() const;

 private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace tecnochat::kafka
