#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "domain/order.hpp"
#include "ports.hpp"
#include "tecnochat/core/clock.hpp"
#include "tecnochat/telemetry/metrics.hpp"

namespace tecnochat::whatsapp_connector {

/// Read receipts with typing indicators: one idempotent call each, outside the send protocol. Held
/// in memory only, bounded, and dropped once expired: late ones are worth nothing, and losing one
/// loses nothing but a tick.
class ReadReceipts {
 public:
    ReadReceipts(GraphApi& graph, const Clock& clock, telemetry::Metrics& metrics);
    ~ReadReceipts();

    void start();
    void add(ReadReceipt receipt);
    /// Drops what waits and ends the call under way, which has a deadline of its own.
    void stop(Deadline deadline);

 private:
    void run(const std::stop_token& stop);

    GraphApi& graph_;
    const Clock& clock_;
    telemetry::Counter done_;
    telemetry::Counter failed_;
    telemetry::Counter dropped_;
    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::deque<ReadReceipt> waiting_;
    std::vector<std::jthread> workers_;
};

}  // namespace tecnochat::whatsapp_connector
