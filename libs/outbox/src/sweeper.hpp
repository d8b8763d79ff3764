#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "delivery.hpp"
#include "swept_tenants.hpp"

namespace tecnochat::outbox {

/// What the publisher and the sweeper have in common.
struct Shared {
    postgres::Pool& pool;
    kafka::Producer& producer;
    Outbox::Config config;
    std::shared_ptr<Ledger> ledger;  // owned by this and the delivery callbacks
    telemetry::Counter published;

    /// Deletes acknowledged rows; on failure the ledger keeps them for the next one.
    bool erase(std::vector<Acknowledged> rows);
};

telemetry::Counter published_counter(telemetry::Metrics& metrics);

/// One thread that publishes what was deferred, and what a crash or an absent Kafka left behind.
class Sweeper {
 public:
    Sweeper(Shared shared, Outbox::Tenants tenants, telemetry::Metrics& metrics);
    ~Sweeper();
    Sweeper(Sweeper&&) = delete;

    void start();
    void request_stop();
    /// Waits for the call under way, which is bounded by itself.
    void stop();
    /// Rows wait for their turn, or some were deleted. Wakes the sweeper if rows are known to wait
    /// for their turn.
    void notice(bool deferred);
    /// Their tenants are looked at by every sweep for a while.
    void note(std::span<const Entry> entries);

 private:
    enum class Outcome {
        kClean,    // no deferred row is left
        kWaiting,  // deferred rows are left that have to wait for others
        kBlocked,  // Kafka or PostgreSQL is away, or another replica sweeps
    };
    void run(const std::stop_token& stop);
    Outcome sweep(const std::stop_token& stop);
    Outcome sweep_locked(std::span<const TenantId> tenants, const std::stop_token& stop);
    bool publish(std::vector<StoredRow> rows, const std::stop_token& stop);
    Result<std::vector<StoredRow>> next_rows(std::span<const TenantId> tenants, bool& deferred);

    struct Wake {
        std::mutex mutex;
        std::condition_variable_any changed;
        bool work = false;
        bool deferred = false;  // rows wait for their turn
    };
    Shared shared_;
    Outbox::Tenants tenants_;
    SweptTenants swept_;
    telemetry::Gauge unpublished_;
    telemetry::Histogram sweep_seconds_;
    std::chrono::steady_clock::time_point count_again_;
    Wake wake_;
    std::jthread thread_;  // last: uses all of the above
};

}  // namespace tecnochat::outbox
