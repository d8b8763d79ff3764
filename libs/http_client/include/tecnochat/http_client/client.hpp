#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tecnochat/core/clock.hpp"
#include "tecnochat/http_client/outcome.hpp"
#include "tecnochat/http_client/resolver.hpp"
#include "tecnochat/http_client/url.hpp"
#include "tecnochat/telemetry/metrics.hpp"

namespace tecnochat::http_client {

enum class Method { kGet, kPost, kPut, kPatch, kDelete };

struct Header {
    std::string name;
    std::string value;  // not empty, no control characters
};

struct Request {
    Method method = Method::kPost;
    Url url;
    std::vector<Header> headers{};
    std::string body{};  // of all methods but GET and DELETE
    /// Called once when the kernel has all of the request and nothing of the answer was read; not
    /// when the server answers before. Must not throw.
    std::function<void()> written{};
};

struct ClientConfig {
    std::string name{};                  // the label of its metrics
    std::vector<std::string> servers{};  // "https://host[:port]": requests to others are refused
    std::string ca_file{};               // PEM; empty: the system's
    /// For name lookup, connection and TLS handshake together.
    Milliseconds connect_timeout{3000};
    /// A connection that was idle for longer is not used again.
    Milliseconds keep{3000};
    std::size_t kept = 32;  // idle connections
    std::size_t answer_bytes = 1024 * 1024;
    std::size_t head_bytes = 64 * 1024;
};

/// HTTP/1.1 to servers on the Internet, over libcurl (ADR 12). A call sends its request at most
/// once: no retry, no redirect, no authentication round. Takes no proxy from the environment.
/// Thread-safe; a call blocks its thread until the deadline at most and delays no other.
class Client {
 public:
    /// Throws std::invalid_argument for a server that is no address. The resolver outlives it.
    Client(ClientConfig config, Resolver& resolver, telemetry::Metrics& metrics);
    ~Client();
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    /// The deadline holds for everything, from the name lookup to the last byte of the answer.
    Outcome call(const Request& request, Deadline deadline);

 private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace tecnochat::http_client
