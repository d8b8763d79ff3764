#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "config.hpp"
#include "simulator.hpp"
#include "tecnochat/core/clock.hpp"
#include "tecnochat/core/result.hpp"

namespace tecnochat::meta_simulator {

/// What the phone page asks of message-router: which conversations a person must answer, and to
/// give one back to the bot. Thread-safe.
class RouterClient {
 public:
    virtual ~RouterClient() = default;
    /// Keys (Thread::key) of the most recent conversations whose turn is a person's. UNAVAILABLE
    /// while the router cannot be reached.
    virtual Result<std::set<std::string>> handed_over(Deadline deadline) = 0;
    /// NOT_FOUND when the router knows no such conversation.
    virtual Status release(const Thread& thread, Deadline deadline) = 0;
};

/// gRPC over mutual TLS; a client that is never reachable when no endpoint is configured.
std::unique_ptr<RouterClient> make_router_client(const Config& config);

}  // namespace tecnochat::meta_simulator
