#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <stop_token>
#include <vector>

#include "store.hpp"

namespace tecnochat::outbox {

/// What this process knows about rows it handed to Kafka; shared by the outbox and the delivery
/// callbacks, which may come after the outbox is gone. Every row is at most once in the producer's
/// queue: while it is there its order_key is held, so memory stays bounded however long Kafka is
/// away, and no later row overtakes it.
class Ledger : public std::enable_shared_from_this<Ledger> {
 public:
    /// Sends the rows, in order, and waits until each is settled, the deadline or the stop. Returns
    /// the ids of those acknowledged by then; what is acknowledged later goes to take_late().
    std::vector<std::int64_t> deliver(
        kafka::Producer& producer,
        const std::vector<StoredRow>& rows,
        Deadline deadline,
        const std::stop_token& stop = {}
    );

    /// Rows to be deleted whose publisher did not wait any more.
    std::vector<std::int64_t> take_late();
    /// Gives rows back to take_late(): acknowledged, but not deleted yet.
    void add_late(std::span<const std::int64_t> ids);
    [[nodiscard]] Held held();

 private:
    struct Batch {
        std::size_t open = 0;
        std::vector<std::int64_t> acknowledged;
        std::set<Uuid> failed;  // order_keys
        bool abandoned = false;
    };
    bool open_row(Batch& batch, const StoredRow& row);
    void settle(Batch& batch, std::int64_t id, const Uuid& order_key, const Status& status);

    std::mutex mutex_;
    std::condition_variable_any settled_;
    std::set<std::int64_t> in_flight_;
    std::vector<std::int64_t> late_;
    std::map<Uuid, std::chrono::steady_clock::time_point> refused_;  // order_key -> try again at
};

}  // namespace tecnochat::outbox
