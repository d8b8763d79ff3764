#include "sweeper.hpp"

#include <algorithm>

#include "tecnochat/telemetry/log.hpp"

namespace tecnochat::outbox {
namespace {

constexpr Milliseconds kDatabaseTime{5000};
constexpr Milliseconds kFirstPause{5};
constexpr std::chrono::seconds kCountEvery{5};
constexpr std::string_view kTryLock = "SELECT pg_try_advisory_lock($1) AS locked";
constexpr std::string_view kUnlock = "SELECT pg_advisory_unlock($1)";

void log_trouble(std::string_view event, const Error& error) {
    telemetry::log_limited(
        telemetry::Level::kWarning,
        event,
        {{"code", to_string(error.code)}, {"reason", error.reason}}
    );
}

}  // namespace

telemetry::Counter published_counter(telemetry::Metrics& metrics) {
    return metrics.counter(
        "tecnochat_outbox_published_total", "Events published and deleted from the outbox"
    );
}

bool Shared::erase(std::vector<Acknowledged> rows) {
    if (rows.empty()) return true;
    std::vector<std::int64_t> ids;
    std::vector<TenantId> tenants;
    ids.reserve(rows.size());
    tenants.reserve(rows.size());
    for (const auto& row : rows) {
        ids.push_back(row.id);
        tenants.push_back(row.tenant);
    }
    std::ranges::sort(tenants);
    tenants.erase(std::unique(tenants.begin(), tenants.end()), tenants.end());
    const auto attempt = [&]() -> Status {
        TECNOCHAT_TRY(
            auto transaction,
            postgres::Transaction::begin(pool, tenants, ledger->call_deadline(kDatabaseTime))
        );
        // A delete that is lost only publishes again, and consumers dedupe: no fsync for it.
        TECNOCHAT_CHECK(transaction.relax_durability());
        outbox::erase(transaction, ids);
        return transaction.commit(config.erase);
    };
    const Status status = attempt();
    if (!status) {
        log_trouble("published events are not deleted yet", status.error());
        ledger->give_back(std::move(rows));
        return false;
    }
    ledger->note_deleted(rows);
    published.increment(static_cast<double>(rows.size()));
    return true;
}

Sweeper::Sweeper(Shared shared, Outbox::Tenants tenants, telemetry::Metrics& metrics)
    : shared_(std::move(shared)),
      tenants_(std::move(tenants)),
      unpublished_(metrics.gauge(
          "tecnochat_outbox_unpublished_rows",
          "Events in the outbox, of the tenants of a sweep, counted every 5 s"
      )),
      sweep_seconds_(metrics.histogram("tecnochat_outbox_sweep_seconds", "One sweep")) {}

Sweeper::~Sweeper() {
    request_stop();
    stop();
}

void Sweeper::start() {
    TECNOCHAT_ASSERT(!thread_.joinable(), "a sweeper starts once");
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void Sweeper::request_stop() {
    thread_.request_stop();
}

void Sweeper::stop() {
    if (thread_.joinable()) thread_.join();
}

void Sweeper::notice(bool deferred) {
    std::scoped_lock lock(wake_.mutex);
    wake_.deferred = wake_.deferred || deferred;
    if (!wake_.deferred) return;
    wake_.work = true;
    wake_.changed.notify_one();
}

void Sweeper::note(std::span<const Entry> entries) {
    swept_.note(entries, std::chrono::steady_clock::now());
}

void Sweeper::run(const std::stop_token& stop) {
    Milliseconds pause = kFirstPause;
    while (!stop.stop_requested()) {
        {
            std::scoped_lock lock(wake_.mutex);
            // Cleared before looking: what is deferred from here on sets it again.
            wake_.work = false;
            wake_.deferred = false;
        }
        const auto start = std::chrono::steady_clock::now();
        const Outcome outcome = sweep(stop);
        sweep_seconds_.observe(
            std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count()
        );
        std::unique_lock lock(wake_.mutex);
        if (outcome == Outcome::kWaiting) {
            wake_.deferred = true;
        } else {
            pause = shared_.config.sweep_every;
        }
        const bool woken = wake_.changed.wait_for(lock, stop, pause, [this] { return wake_.work; });
        // Rows that wait for others are looked after quickly at first, then less and less often.
        pause = woken ? kFirstPause : std::min(pause * 2, shared_.config.sweep_every);
    }
}

Sweeper::Outcome Sweeper::sweep(const std::stop_token& stop) {
    const auto tenants = swept_.next(tenants_(), std::chrono::steady_clock::now());
    // Those of the publisher that were acknowledged late, or that it could not delete.
    if (!shared_.erase(shared_.ledger->take_acknowledged())) return Outcome::kBlocked;
    if (!shared_.producer.connected()) return Outcome::kBlocked;
    auto lease = shared_.pool.acquire(shared_.ledger->call_deadline(kDatabaseTime));
    if (!lease) {
        log_trouble("the outbox cannot be swept", lease.error());
        return Outcome::kBlocked;
    }
    const auto sweep_lock = postgres::Params().add(kSweepLock);
    const auto locked = (*lease)->execute(kTryLock, sweep_lock);
    if (!locked || !(*locked)[0].flag("locked")) return Outcome::kBlocked;
    const Outcome outcome = sweep_locked(tenants, stop);
    // If this fails the connection is broken, and the lock went with it.
    [[maybe_unused]] const auto unlocked = (*lease)->execute(kUnlock, sweep_lock);
    return outcome;
}

Sweeper::Outcome Sweeper::sweep_locked(
    std::span<const TenantId> tenants, const std::stop_token& stop
) {
    while (!stop.stop_requested()) {
        bool deferred = false;
        auto rows = next_rows(tenants, deferred);
        if (!rows) {
            log_trouble("the outbox cannot be swept", rows.error());
            return Outcome::kBlocked;
        }
        if (rows->empty()) return deferred ? Outcome::kWaiting : Outcome::kClean;
        if (!publish(std::move(rows).value(), stop)) return Outcome::kBlocked;
    }
    return Outcome::kBlocked;
}

/// Sends in order, waits at most `abandoned_after`, deletes what was acknowledged. False unless all
/// of it came through.
bool Sweeper::publish(std::vector<StoredRow> rows, const std::stop_token& stop) {
    auto* failpoints = shared_.config.produce;
    if (failpoints != nullptr) failpoints->before.hit();
    const bool all = shared_.ledger->send_and_wait(
        shared_.producer, std::move(rows), Deadline::after(shared_.config.abandoned_after), stop
    );
    if (failpoints != nullptr) failpoints->after.hit();
    return shared_.erase(shared_.ledger->take_acknowledged()) && all;
}

Result<std::vector<StoredRow>> Sweeper::next_rows(
    std::span<const TenantId> tenants, bool& deferred
) {
    TECNOCHAT_TRY(
        auto transaction,
        postgres::Transaction::begin(
            shared_.pool, tenants, shared_.ledger->call_deadline(kDatabaseTime)
        )
    );
    const auto now = std::chrono::steady_clock::now();
    if (now >= count_again_) {
        TECNOCHAT_TRY(const auto count, count_rows(transaction));
        unpublished_.set(static_cast<double>(count));
        count_again_ = now + kCountEvery;
    }
    const Held held = shared_.ledger->held();
    TECNOCHAT_TRY(
        auto rows,
        select_due(transaction, shared_.config.abandoned_after, held, shared_.config.sweep_batch)
    );
    if (rows.empty()) {
        TECNOCHAT_TRY(deferred, any_deferred(transaction, held));
    }
    TECNOCHAT_CHECK(transaction.commit());
    return rows;
}

}  // namespace tecnochat::outbox
