#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tecnochat/core/clock.hpp"
#include "tecnochat/core/result.hpp"
#include "tecnochat/core/secret.hpp"

namespace tecnochat::redis {

/// A small pool of hiredis connections for what may be lost (limits, short caches). Plaintext:
/// loopback only, anything else is refused at construction (hiredis 0.14 has no TLS). Thread-safe.
/// kUnavailable at once while the server is away (reconnects at most once per 250 ms).
class Client {
 public:
    Client(const Secret& url, int connections = 4, Milliseconds timeout = Milliseconds(200));
    ~Client();
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    /// Integer replies of a Lua script (EVALSHA, loaded on demand).
    Result<std::vector<std::int64_t>> eval(
        const std::string& script,
        std::span<const std::string> keys,
        std::span<const std::string> arguments
    );
    Result<std::optional<std::string>> get(const std::string& key);
    Status set(const std::string& key, const std::string& value, Milliseconds time_to_live);
    [[nodiscard]] bool reachable();

 private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace tecnochat::redis
