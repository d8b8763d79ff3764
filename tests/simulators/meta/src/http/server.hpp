#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "tecnochat/core/clock.hpp"
#include "tecnochat/core/result.hpp"

namespace httplib {
struct Request;
struct Response;
}  // namespace httplib

namespace tecnochat::meta_simulator {

struct ListenAddress {
    std::string host = "127.0.0.1";
    /// 0: any free port.
    int port = 0;
};

/// `host:port`, e.g. "127.0.0.1:8090".
Result<ListenAddress> parse_listen_address(const std::string& text);

/// An HTTP/1.1 server: cpp-httplib parses and writes, the sockets are ours. httplib's own listener
/// has a backlog of five, gives no way to cut a connection and matches regular expressions per
/// route; none of that suits a simulator in a benchmark's path. A thread serves a connection; at
/// most `connections_max` live at a time, more are answered 503. Thread-safe.
class HttpServer {
 public:
    using Handler = std::function<void(const httplib::Request&, httplib::Response&)>;
    /// Looks at the first bytes of a request before it is read; true cuts the connection.
    using Refuse = std::function<bool(std::string_view first_bytes)>;

    struct Options {
        ListenAddress address;
        std::size_t connections_max = 512;
        std::size_t body_max = 4 * 1024 * 1024;
    };

    /// Every request of any method and path goes to `handler`. Throws std::runtime_error when the
    /// address cannot be listened on.
    HttpServer(Options options, const Handler& handler, Refuse refuse = {});
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;
    /// Stops accepting, lets running handlers end, closes idle connections.
    ~HttpServer();

    [[nodiscard]] int port() const;
    /// Closes the listening socket for this long (real time): connecting is refused by the kernel.
    void close_for(Milliseconds duration);
    /// Ends close_for early.
    void reopen();

 private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace tecnochat::meta_simulator
