#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "tecnochat/core/clock.hpp"

namespace tecnochat::meta_simulator {

/// Fans live events out to the open phone pages. Bounded: a client that does not keep up loses its
/// subscription, reconnects and reads the state anew. Thread-safe.
class EventHub {
 public:
    static constexpr std::size_t kClientsMax = 48;
    static constexpr std::size_t kQueueMax = 2000;

    class Subscription {
     public:
        /// The next events as ready SSE text; empty after `timeout`; nullopt when it ended.
        std::optional<std::string> next(Milliseconds timeout);

     private:
        friend class EventHub;
        std::mutex mutex_;
        std::condition_variable changed_;
        std::deque<std::string> queue_;
        bool ended_ = false;
    };

    /// Null when kClientsMax pages are open already. Shared by the hub and the page's connection,
    /// whichever ends first.
    std::shared_ptr<Subscription> subscribe();
    void unsubscribe(const std::shared_ptr<Subscription>& subscription);
    /// `json` must be one line.
    void publish(const std::string& event, const std::string& json);
    [[nodiscard]] bool has_clients() const { return clients_count_ > 0; }
    /// Ends every subscription, for the shutdown.
    void close();

 private:
    std::mutex mutex_;
    std::vector<std::shared_ptr<Subscription>> clients_;
    std::atomic<std::size_t> clients_count_{0};
    bool closed_ = false;
};

}  // namespace tecnochat::meta_simulator
