#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tecnochat/core/clock.hpp"
#include "tecnochat/core/failpoint.hpp"
#include "tecnochat/core/result.hpp"

namespace tecnochat::http {

class Connection;

/// At least this many readable bytes follow Request::body(), so that SIMD parsers work in place.
inline constexpr std::size_t kBodyPadding = 64;

/// What one client, and all of them together, may cost. Breaking one ends that connection.
struct Limits {
    std::size_t body_bytes = 3 * 1024 * 1024;        // 413, chunked bodies too
    std::size_t header_bytes = 16 * 1024;            // 431
    Milliseconds header_time{10'000};                // from the first byte: 408
    Milliseconds body_time{20'000};                  // from the end of the header: 408
    Milliseconds idle_time{60'000};                  // between requests: closed without a word
    Milliseconds write_time{10'000};                 // for a client that does not read its answer
    std::size_t connections = 4096;                  // further ones: 503 and closed
    std::size_t buffered_bytes = 256 * 1024 * 1024;  // large bodies of all connections: 503
};

struct ServerConfig {
    std::string listen;  // "127.0.0.1:8081", "[::1]:8081"; port 0 takes a free one
    int io_threads = 2;
    Limits limits{};
    /// Told the status of every answer, those the server gives by itself (400, 408, 413, …) too.
    /// Called on the io threads; must not block.
    std::function<void(int status)> on_answer{};
};

/// A request as received. A view into its connection: valid until the Responder has answered.
class Request {
 public:
    [[nodiscard]] std::string_view method() const { return method_; }
    [[nodiscard]] std::string_view path() const { return path_; }
    /// What follows the first '?', still percent-encoded.
    [[nodiscard]] std::string_view query() const { return query_; }
    /// kBodyPadding readable bytes follow.
    [[nodiscard]] std::string_view body() const { return body_; }
    /// The first field of that name (any case), empty if there is none.
    [[nodiscard]] std::string_view header(std::string_view name) const;

 private:
    friend class Connection;
    std::string_view method_;
    std::string_view path_;
    std::string_view query_;
    std::string_view body_;
    const void* fields_ = nullptr;  // Beast's, which stays out of this header
};

struct Header {
    std::string name;
    std::string value;
};

/// Where a crash test may end the process.
struct AnswerFailpoints {
    Failpoint* before_write = nullptr;  // nothing of the answer is on the wire
    Failpoint* after_write = nullptr;   // the kernel has all of it
};

struct Response {
    int status = 200;
    std::string body{};
    std::string_view content_type = "text/plain; charset=utf-8";  // static storage
    std::vector<Header> headers{};
    AnswerFailpoints failpoints{};
};

/// The right and duty to answer one request, once, from any thread, also later. Destroyed without
/// an answer it sends 500. Safe to use after the server has gone (the answer goes nowhere).
class Responder {
 public:
    explicit Responder(std::shared_ptr<Connection> connection);
    ~Responder();
    Responder(Responder&&) noexcept = default;
    Responder& operator=(Responder&&) = delete;
    Responder(const Responder&) = delete;
    Responder& operator=(const Responder&) = delete;

    void send(Response response);

 private:
    // Owners: the server's loop while the connection is open, its pending I/O, and this.
    std::shared_ptr<Connection> connection_;
};

/// HTTP/1.1 for the open Internet (Boost.Beast's parser, hidden here because it is slow to
/// compile): keep-alive, pipelining, limits on everything, no Content-Encoding (415). The handler
/// runs on one of the io threads and must not block; requests of one connection come one after the
/// other.
class Server {
 public:
    using Handler = std::function<void(const Request&, Responder)>;

    Server(ServerConfig config, Handler handler);
    ~Server();  // stops at once
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    /// Calls `readable` on an io thread whenever `descriptor`, which stays the caller's and has to
    /// outlive the server, becomes readable: whoever answers requests there spares them a change of
    /// threads. Before start(); any number of them.
    void watch(int descriptor, std::function<void()> readable);

    /// kInvalidArgument: `listen` cannot be read; kUnavailable: the address cannot be bound.
    Status start();
    /// Bound port; valid after start().
    [[nodiscard]] std::uint16_t port() const;
    [[nodiscard]] std::size_t connections() const;
    /// Stops accepting, closes idle connections, lets requests under way be answered until the
    /// deadline, closes the rest. Idempotent.
    void stop(Deadline deadline);

 private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// The value of one parameter of an application/x-www-form-urlencoded text (a query string),
/// decoded; nullopt when it is absent or not validly encoded. The first one counts.
std::optional<std::string> query_parameter(std::string_view query, std::string_view name);

}  // namespace tecnochat::http
