#pragma once

#include <functional>
#include <thread>

#include "sweeper.hpp"

namespace tecnochat::outbox {

/// Direct rows on their way: handed to Kafka at once, on the caller's thread, which the producer
/// never blocks; one thread of its own waits for the acknowledgements and deletes. While a delete
/// is under way more is acknowledged, and the next one takes all of it: deletes grow with the load.
class Publisher {
 public:
    /// `deleted` is called after each delete, on the publisher's thread.
    Publisher(const Shared& shared, std::function<void()> deleted);
    ~Publisher();
    Publisher(const Publisher&) = delete;
    Publisher& operator=(const Publisher&) = delete;

    /// Rows that are not taken (Kafka is away, too many are under way) stay in the table, where the
    /// sweeper finds them by their age.
    void take(std::vector<StoredRow> rows);
    void stop(Deadline deadline);

 private:
    void run();

    Shared shared_;
    std::function<void()> deleted_;
    std::jthread thread_;  // last: uses all of the above
};

}  // namespace tecnochat::outbox
