#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "bodies.hpp"
#include "histogram.hpp"

namespace tecnochat::load {

struct Plan {
    Target target;
    std::size_t connections = 32;
    std::chrono::milliseconds warmup{1000};
    std::chrono::milliseconds measure{4000};
    /// Requests per second, on a fixed schedule (open loop); 0: each connection sends its next
    /// request as soon as it has its answer (closed loop).
    double rate = 0;
    std::vector<pid_t> pids;  // whose processor time is wanted
};

struct Outcome {
    std::chrono::system_clock::time_point started;  // what the schedule counts from
    double seconds = 0;                             // measured
    std::uint64_t answers = 0;                      // measured
    Histogram latency;                      // measured; open loop: since the scheduled start
    std::map<int, std::uint64_t> statuses;  // of the whole run, warm-up too
    std::uint64_t sent = 0;                 // of the whole run
    std::uint64_t broken = 0;               // requests without an answer
    std::uint64_t late = 0;                 // open loop: found every connection busy
    std::map<pid_t, double> cpu_seconds;    // measured
};

/// Sends `requests` in turn over kept-alive connections from one thread and returns what came
/// back. Throws std::runtime_error where the target cannot be reached.
Outcome run(const Plan& plan, const std::vector<std::string>& requests);

}  // namespace tecnochat::load
