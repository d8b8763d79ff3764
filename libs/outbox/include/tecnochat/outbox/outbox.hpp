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

/// Rows appended by a transaction, to be handed to Outbox::publish after its commit.
class Appended {
 public:
    [[nodiscard]] bool empty() const { return rows_.empty(); }
    void merge(Appended other);

 private:
    friend class Outbox;
    struct Row {
        std::int64_t id = 0;
        bool direct = false;  // no older unpublished row of its order_key: may leave right away
        Entry entry;
    };
    std::vector<Row> rows_;
};

/// The transactional outbox over table `outbox` (id bigserial, tenant_id, order_key uuid, topic,
/// key, value bytea, headers jsonb, direct boolean, created_at). A row leaves right after the
/// commit only if its order_key had no older unpublished row (the callers hold the lock of the
/// order_key's row, so appending is serial per key); a sweeper publishes the rest in order, and
/// what a crash left behind. Rows are deleted once acknowledged. At-least-once: consumers dedupe by
/// event id.
class Outbox {
 public:
    struct Failpoints {
        Failpoint* before_produce = nullptr;
        Failpoint* after_produce = nullptr;
        Failpoint* before_delete = nullptr;
        Failpoint* after_delete = nullptr;
    };
    struct Config {
        /// A direct row this old was left behind by a crash: the sweeper takes it.
        Milliseconds abandoned_after{2000};
        Milliseconds sweep_every{500};
        int sweep_batch = 500;
        Failpoints failpoints;
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

    /// Inside the caller's transaction, after it locked the rows behind each order_key.
    Result<Appended> append(postgres::Transaction& transaction, std::span<const Entry> entries);

    /// After the commit: sends the direct rows, waits for the acknowledgements, deletes them; wakes
    /// the sweeper for the others. A failure is not the caller's: the sweeper goes on with it.
    void publish(Appended appended);

    void start();  // the sweeper
    void stop(Deadline deadline);

 private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace tecnochat::outbox
