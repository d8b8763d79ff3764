#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "tecnochat/core/failpoint.hpp"
#include "tecnochat/core/uuid.hpp"
#include "tecnochat/kafka/producer.hpp"
#include "tecnochat/postgres/transaction.hpp"
#include "tecnochat/telemetry/metrics.hpp"

namespace tecnochat::outbox {

/// The advisory lock of the one replica that sweeps. Arbitrary but fixed; such locks are per
/// database, so one number serves every service.
inline constexpr std::int64_t kSweepLock = 7205759403792793602;

/// An event to publish once its transaction has committed. Events of one `order_key` (a
/// conversation, a number) leave in the order they were appended.
struct Entry {
    TenantId tenant;
    Uuid order_key;
    kafka::OutRecord record;
};

/// Rows appended by a transaction, to be handed to Outbox::publish after its commit. Movable.
class Appended {
 public:
    [[nodiscard]] bool empty() const { return parts_.empty(); }
    void merge(Appended other);

 private:
    friend class Outbox;
    /// One append(). What the insert answered (id, and direct: no older unpublished row of its
    /// order_key, so it may leave right away) is read after the commit only.
    struct Part {
        postgres::Pending inserted;
        std::vector<Entry> entries;
    };
    std::vector<Part> parts_;
};

/// The transactional outbox over table `outbox` (id bigserial, tenant_id, order_key uuid, topic,
/// key, value bytea, headers jsonb, direct boolean, created_at). A row leaves right after the
/// commit only if its order_key had no older unpublished row (the callers hold the lock of the
/// order_key's row, so appending is serial per key); a sweeper publishes the rest in order, and
/// what a crash left behind. Rows are deleted once acknowledged, by a thread of the outbox's own.
/// At-least-once: consumers dedupe by event id. Thread-safe.
class Outbox {
 public:
    struct Config {
        /// A direct row this old was left behind by a crash: the sweeper takes it.
        Milliseconds abandoned_after{2000};
        Milliseconds sweep_every{500};
        int sweep_batch = 500;
        /// Bounds of what is handed to Kafka and not acknowledged yet. Beyond them rows stay in the
        /// table for the sweeper.
        std::size_t most_rows = 10'000;
        std::size_t most_bytes = 16 * 1024 * 1024;
        /// `after`: rows are acknowledged, and none of them is deleted yet. Null: none.
        StepFailpoints* produce = nullptr;
        StepFailpoints* erase = nullptr;
    };
    /// `tenants` lists every tenant whose rows the sweeper may see.
    using Tenants = std::function<std::vector<TenantId>()>;

    Outbox(
        postgres::Pool& pool,
        kafka::Producer& producer,
        Tenants tenants,
        Config config,
        telemetry::Metrics& metrics
    );
    ~Outbox();
    Outbox(const Outbox&) = delete;
    Outbox& operator=(const Outbox&) = delete;

    /// Inside the caller's transaction, after it locked the rows behind each order_key. Queued: it
    /// travels with the transaction's next statement or its COMMIT.
    Result<Appended> append(postgres::Transaction& transaction, std::vector<Entry> entries);

    /// After the commit: hands the direct rows to Kafka's producer and returns; waits for nobody.
    /// They are deleted once acknowledged. Wakes the sweeper for the others. What fails, and what
    /// comes while Kafka is away or after stop(), is not the caller's: the sweeper goes on with it.
    void publish(Appended appended);

    void start();  // the sweeper
    /// Ends the sweeper; what publish() took may be acknowledged and deleted until the deadline.
    /// Idempotent.
    void stop(Deadline deadline);

 private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace tecnochat::outbox
