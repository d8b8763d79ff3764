#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <unordered_map>
#include <vector>

#include "store.hpp"

namespace tecnochat::outbox {

/// A row that Kafka acknowledged and that is to be deleted.
struct Acknowledged {
    std::int64_t id = 0;
    Uuid order_key;
    TenantId tenant;
};

struct Flight;

/// What this process knows about rows it handed to Kafka; shared by the outbox and the delivery
/// callbacks, which may come after the outbox is gone. A row is at most once in the producer's
/// queue: while it is there its order_key is held, so no later row overtakes it. Acknowledged rows
/// are known until they are deleted, so that they neither leave again nor hold back younger ones.
class Ledger : public std::enable_shared_from_this<Ledger> {
 public:
    /// At most this much of what publish() hands over is under way at once.
    Ledger(std::size_t most_rows, std::size_t most_bytes);

    /// Hands the rows to the producer, in order, and waits for nothing. False: there is no room, or
    /// the outbox stops; nothing was handed over then.
    bool send(kafka::Producer& producer, std::vector<StoredRow> rows);
    /// The same for a sweep, which bounds itself: waits until each row is settled, the deadline or
    /// the stop. False unless all of them were acknowledged.
    bool send_and_wait(
        kafka::Producer& producer,
        std::vector<StoredRow> rows,
        Deadline deadline,
        const std::stop_token& stop
    );

    /// Waits until a batch of send() is settled. Empty: the outbox has stopped and nothing is left
    /// to wait for.
    std::optional<std::vector<Acknowledged>> wait_for_acknowledged();
    /// What is acknowledged and not being deleted by anybody.
    std::vector<Acknowledged> take_acknowledged();
    void give_back(std::vector<Acknowledged> rows);
    void note_deleted(const std::vector<Acknowledged>& rows);

    /// From here on nothing is taken; what was handed over may settle until the deadline.
    void stop(Deadline deadline);
    [[nodiscard]] bool stopping() const;
    /// When a database call that starts now has to end.
    [[nodiscard]] Deadline call_deadline(Milliseconds usual) const;

    [[nodiscard]] Held held();
    /// Acknowledged rows that a transaction about to append these entries may still see.
    [[nodiscard]] std::vector<std::int64_t> acknowledged(std::span<const Entry> entries) const;

 private:
    struct Known {
        std::int64_t id = 0;
        bool acknowledged = false;
    };
    /// Row by row under the lock; rows that are under way already are left out.
    std::unique_ptr<Flight> open(const std::vector<StoredRow>& rows, bool bounded);
    void launch(kafka::Producer& producer, Flight& flight, std::vector<StoredRow>& rows);
    bool may_send(Flight& flight, std::size_t index);
    void settle(Flight& flight, std::size_t index, const Status& status);
    void settle_locked(Flight& flight, std::size_t index, const Status& status);
    void release(Flight* flight);
    void refuse(std::int64_t id, const Uuid& order_key, const Error& error);
    void forget(const Uuid& order_key, std::int64_t id);

    const std::size_t most_rows_;
    const std::size_t most_bytes_;
    mutable std::mutex mutex_;
    std::condition_variable_any settled_;  // a sweep's flight is
    std::condition_variable work_;         // the publisher has something to delete, or to end
    std::unordered_multimap<Uuid, Known> known_;                     // by order_key
    std::vector<Acknowledged> acknowledged_;                         // nobody deletes them yet
    std::map<Uuid, std::chrono::steady_clock::time_point> refused_;  // order_key -> try again at
    std::size_t open_rows_ = 0;                                      // of send(), like the bytes
    std::size_t open_bytes_ = 0;
    bool due_ = false;
    std::optional<Deadline> stop_by_;
};

}  // namespace tecnochat::outbox
