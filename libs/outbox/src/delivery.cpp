#include "delivery.hpp"

#include <algorithm>

#include "tecnochat/telemetry/log.hpp"

namespace tecnochat::outbox {
namespace {

/// A record Kafka refuses for itself holds its order_key back; a human has to act, so this often is
/// enough.
constexpr std::chrono::seconds kRefusedPause{60};
constexpr std::size_t kMostRefused = 10'000;

std::size_t bytes_of(const kafka::OutRecord& record) {
    return record.key.size() + record.value.size();
}

}  // namespace

/// Rows that were handed to the producer together. It lives until the last of them is settled and
/// nobody waits for it.
struct Flight {
    struct Row {
        std::int64_t id = 0;
        Uuid order_key;
        TenantId tenant;
        std::size_t bytes = 0;
        bool open = true;  // false: on its way already when this flight was opened
    };
    std::shared_ptr<Ledger> ledger;
    bool bounded = false;  // counts against the ledger's bounds, and the publisher deletes it
    std::vector<Row> rows;
    std::size_t open = 0;        // rows that are not settled
    std::size_t references = 1;  // the caller's and one per row handed over
    std::vector<Uuid> failed;    // order_keys
    std::atomic<bool> any_failed{false};
};

Ledger::Ledger(std::size_t most_rows, std::size_t most_bytes)
    : most_rows_(most_rows), most_bytes_(most_bytes) {}

bool Ledger::send(kafka::Producer& producer, std::vector<StoredRow> rows) {
    auto flight = open(rows, true);
    if (!flight) return false;
    launch(producer, *flight, rows);
    release(flight.release());
    return true;
}

bool Ledger::send_and_wait(
    kafka::Producer& producer,
    std::vector<StoredRow> rows,
    Deadline deadline,
    const std::stop_token& stop
) {
    auto owned = open(rows, false);
    launch(producer, *owned, rows);
    Flight* flight = owned.release();  // its references own it from here on
    bool all = false;
    {
        std::unique_lock lock(mutex_);
        settled_.wait_until(lock, stop, deadline.time_point(), [&] { return flight->open == 0; });
        all = flight->open == 0 && !flight->any_failed &&
              std::ranges::all_of(flight->rows, &Flight::Row::open);
    }
    release(flight);
    return all;
}

std::unique_ptr<Flight> Ledger::open(const std::vector<StoredRow>& rows, bool bounded) {
    auto flight = std::make_unique<Flight>();
    flight->bounded = bounded;
    flight->rows.reserve(rows.size());
    std::size_t bytes = 0;
    for (const auto& [id, entry] : rows) {
        flight->rows.push_back({id, entry.order_key, entry.tenant, bytes_of(entry.record)});
        bytes += flight->rows.back().bytes;
    }
    std::scoped_lock lock(mutex_);
    // One batch may be larger than the bounds: it would never find room otherwise.
    const bool room = open_rows_ == 0 || (open_rows_ + rows.size() <= most_rows_ &&
                                          open_bytes_ + bytes <= most_bytes_);
    if (bounded && (stop_by_ || !room)) return nullptr;
    flight->ledger = shared_from_this();
    for (auto& row : flight->rows) {
        const auto [first, last] = known_.equal_range(row.order_key);
        row.open =
            std::none_of(first, last, [&](const auto& known) { return known.second.id == row.id; });
        if (!row.open) continue;
        known_.emplace(row.order_key, Known{row.id});
        ++flight->open;
        if (!bounded) continue;
        ++open_rows_;
        open_bytes_ += row.bytes;
    }
    flight->references += flight->open;
    return flight;
}

void Ledger::launch(kafka::Producer& producer, Flight& flight, std::vector<StoredRow>& rows) {
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (!may_send(flight, i)) continue;
        // Small and trivial on purpose: such a callback costs no allocation.
        producer.send(rows[i].entry.record, [f = &flight, i](const Status& status) {
            f->ledger->settle(*f, i, status);
        });
    }
}

/// False: it is on its way already, or an earlier row of its order_key has failed.
bool Ledger::may_send(Flight& flight, std::size_t index) {
    const auto& row = flight.rows[index];
    if (!row.open) return false;
    if (!flight.any_failed.load(std::memory_order_acquire)) return true;
    {
        std::scoped_lock lock(mutex_);
        if (std::ranges::find(flight.failed, row.order_key) == flight.failed.end()) return true;
    }
    settle(flight, index, make_error(ErrorCode::kUnavailable, "an earlier event has failed"));
    return false;
}

void Ledger::settle(Flight& flight, std::size_t index, const Status& status) {
    {
        std::scoped_lock lock(mutex_);
        settle_locked(flight, index, status);
    }
    release(&flight);
}

void Ledger::settle_locked(Flight& flight, std::size_t index, const Status& status) {
    const auto& row = flight.rows[index];
    --flight.open;
    if (flight.bounded) {
        --open_rows_;
        open_bytes_ -= row.bytes;
    }
    if (!status) {
        flight.failed.push_back(row.order_key);
        flight.any_failed.store(true, std::memory_order_release);
        forget(row.order_key, row.id);
        if (!is_retryable(status.error())) refuse(row.id, row.order_key, status.error());
        return;
    }
    const auto [first, last] = known_.equal_range(row.order_key);
    std::find_if(first, last, [&](const auto& known) {
        return known.second.id == row.id;
    })->second.acknowledged = true;
    acknowledged_.push_back({row.id, row.order_key, row.tenant});
    if (!refused_.empty()) refused_.erase(row.order_key);
}

void Ledger::release(Flight* flight) {
    const auto self = flight->ledger;  // the flight may own the last reference to this
    std::unique_lock lock(mutex_);
    // One of the references is the caller's until it has handed all over, so this is the end.
    const bool settled = flight->open == 0;
    if (settled && flight->bounded) due_ = true;
    const bool last = --flight->references == 0;
    const bool bounded = flight->bounded;
    lock.unlock();
    if (settled) bounded ? work_.notify_one() : settled_.notify_all();
    if (last) delete flight;  // NOLINT(cppcoreguidelines-owning-memory): its references own it
}

void Ledger::refuse(std::int64_t id, const Uuid& order_key, const Error& error) {
    if (refused_.size() >= kMostRefused) return;
    refused_[order_key] = std::chrono::steady_clock::now() + kRefusedPause;
    telemetry::log_limited(
        telemetry::Level::kError,
        "Kafka refuses an event for good",
        {{"outbox_id", id}, {"reason", error.reason}}
    );
}

void Ledger::forget(const Uuid& order_key, std::int64_t id) {
    const auto [first, last] = known_.equal_range(order_key);
    const auto found =
        std::find_if(first, last, [&](const auto& known) { return known.second.id == id; });
    if (found != last) known_.erase(found);
}

std::optional<std::vector<Acknowledged>> Ledger::wait_for_acknowledged() {
    std::unique_lock lock(mutex_);
    const auto done = [this] { return due_ || (stop_by_ && open_rows_ == 0); };
    while (!done()) {
        if (!stop_by_) {
            work_.wait(lock);
        } else if (work_.wait_until(lock, stop_by_->time_point()) == std::cv_status::timeout) {
            break;
        }
    }
    const bool over = stop_by_ && (open_rows_ == 0 || stop_by_->expired());
    due_ = false;
    if (over && acknowledged_.empty()) return std::nullopt;
    return std::exchange(acknowledged_, {});
}

std::vector<Acknowledged> Ledger::take_acknowledged() {
    std::scoped_lock lock(mutex_);
    return std::exchange(acknowledged_, {});
}

void Ledger::give_back(std::vector<Acknowledged> rows) {
    std::scoped_lock lock(mutex_);
    acknowledged_.insert(acknowledged_.end(), rows.begin(), rows.end());
}

void Ledger::note_deleted(const std::vector<Acknowledged>& rows) {
    std::scoped_lock lock(mutex_);
    for (const auto& row : rows) forget(row.order_key, row.id);
}

void Ledger::stop(Deadline deadline) {
    {
        std::scoped_lock lock(mutex_);
        if (stop_by_) return;
        stop_by_ = deadline;
    }
    work_.notify_one();
}

bool Ledger::stopping() const {
    std::scoped_lock lock(mutex_);
    return stop_by_.has_value();
}

Deadline Ledger::call_deadline(Milliseconds usual) const {
    const auto deadline = Deadline::after(usual);
    std::scoped_lock lock(mutex_);
    return stop_by_ && stop_by_->time_point() < deadline.time_point() ? *stop_by_ : deadline;
}

Held Ledger::held() {
    std::scoped_lock lock(mutex_);
    const auto now = std::chrono::steady_clock::now();
    std::erase_if(refused_, [&](const auto& entry) { return entry.second <= now; });
    Held held;
    for (const auto& [order_key, known] : known_) {
        (known.acknowledged ? held.acknowledged : held.under_way).push_back(known.id);
    }
    for (const auto& [order_key, until] : refused_) held.order_keys.push_back(order_key);
    return held;
}

std::vector<std::int64_t> Ledger::acknowledged(std::span<const Entry> entries) const {
    std::vector<std::int64_t> ids;
    std::scoped_lock lock(mutex_);
    if (known_.empty()) return ids;
    for (const auto& entry : entries) {
        const auto [first, last] = known_.equal_range(entry.order_key);
        for (auto it = first; it != last; ++it) {
            if (it->second.acknowledged) ids.push_back(it->second.id);
        }
    }
    return ids;
}

}  // namespace tecnochat::outbox
