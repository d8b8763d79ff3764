#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <list>
#include <mutex>
#include <thread>

#include "tecnochat/core/clock.hpp"

namespace tecnochat::whatsapp_connector {

/// Cuts calls that are still running at their deadline, all on one thread: the HTTP library's own
/// time-outs start anew with every byte, so a peer that drips would hold a worker for good. Meant
/// for as many calls at once as there are workers. Thread-safe.
class DeadlineWatch {
    struct Call {
        std::chrono::steady_clock::time_point deadline;
        std::function<void()> cut;
        bool is_cut = false;
    };

 public:
    DeadlineWatch();

    /// While it lives, `cut` is called once if the deadline passes. `cut` must not block.
    class Watched {
     public:
        Watched(DeadlineWatch& watch, Deadline deadline, std::function<void()> cut);
        /// A cut under way has ended when this returns, so what it cuts may go.
        ~Watched();
        Watched(const Watched&) = delete;
        Watched& operator=(const Watched&) = delete;

     private:
        DeadlineWatch& watch_;
        std::list<Call>::iterator call_;
    };

 private:
    void run(const std::stop_token& stop);
    /// Cuts what is due; the next deadline, or time_point::max().
    std::chrono::steady_clock::time_point cut_due();

    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::list<Call> calls_;
    std::chrono::steady_clock::time_point next_ = std::chrono::steady_clock::time_point::max();
    std::jthread thread_;  // last: it uses the others
};

}  // namespace tecnochat::whatsapp_connector
