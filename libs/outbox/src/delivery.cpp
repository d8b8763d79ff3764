#include "delivery.hpp"

#include "tecnochat/telemetry/log.hpp"

namespace tecnochat::outbox {
namespace {

/// A record Kafka refuses for itself holds its order_key back; a human has to act, so this often is
/// enough.
constexpr std::chrono::seconds kRefusedPause{60};
constexpr std::size_t kMostRefused = 10'000;

}  // namespace

std::vector<std::int64_t> Ledger::deliver(
    kafka::Producer& producer,
    const std::vector<StoredRow>& rows,
    Deadline deadline,
    const std::stop_token& stop
) {
    const auto batch = std::make_shared<Batch>();  // owned by this call and each callback
    for (const auto& row : rows) {
        if (!open_row(*batch, row)) continue;
        producer.send(
            row.entry.record,
            [self = shared_from_this(), batch, id = row.id, key = row.entry.order_key](
                const Status& status
            ) { self->settle(*batch, id, key, status); }
        );
    }
    std::unique_lock lock(mutex_);
    settled_.wait_until(lock, stop, deadline.time_point(), [&] { return batch->open == 0; });
    batch->abandoned = true;
    return std::move(batch->acknowledged);
}

/// False: an earlier row of its order_key failed, or it is on its way already.
bool Ledger::open_row(Batch& batch, const StoredRow& row) {
    std::scoped_lock lock(mutex_);
    if (batch.failed.contains(row.entry.order_key) || !in_flight_.insert(row.id).second) {
        return false;
    }
    ++batch.open;
    return true;
}

void Ledger::settle(Batch& batch, std::int64_t id, const Uuid& order_key, const Status& status) {
    std::scoped_lock lock(mutex_);
    in_flight_.erase(id);
    --batch.open;
    if (status) {
        refused_.erase(order_key);
        (batch.abandoned ? late_ : batch.acknowledged).push_back(id);
    } else {
        batch.failed.insert(order_key);
        if (!is_retryable(status.error()) && refused_.size() < kMostRefused) {
            refused_[order_key] = std::chrono::steady_clock::now() + kRefusedPause;
            telemetry::log_limited(
                telemetry::Level::kError,
                "Kafka refuses an event for good",
                {{"outbox_id", id}, {"reason", status.error().reason}}
            );
        }
    }
    settled_.notify_all();
}

std::vector<std::int64_t> Ledger::take_late() {
    std::scoped_lock lock(mutex_);
    return std::exchange(late_, {});
}

void Ledger::add_late(std::span<const std::int64_t> ids) {
    std::scoped_lock lock(mutex_);
    late_.insert(late_.end(), ids.begin(), ids.end());
}

Held Ledger::held() {
    std::scoped_lock lock(mutex_);
    const auto now = std::chrono::steady_clock::now();
    std::erase_if(refused_, [&](const auto& entry) { return entry.second <= now; });
    Held held;
    held.ids.assign(in_flight_.begin(), in_flight_.end());
    held.ids.insert(held.ids.end(), late_.begin(), late_.end());
    for (const auto& [order_key, until] : refused_) held.order_keys.push_back(order_key);
    return held;
}

}  // namespace tecnochat::outbox
