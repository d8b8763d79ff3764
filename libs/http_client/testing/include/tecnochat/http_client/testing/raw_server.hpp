#pragma once

#include <openssl/ssl.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tecnochat/config/settings.hpp"
#include "tecnochat/core/guarded.hpp"

namespace tecnochat::http_client::testing {

/// One accepted connection of a RawServer, plain or TLS.
class Peer {
 public:
    /// `number`: 1 for the first connection.
    Peer(int socket, int number, Guarded<std::vector<std::string>>& requests)
        : socket_(socket), number_(number), requests_(requests) {}
    ~Peer();
    Peer(const Peer&) = delete;
    Peer& operator=(const Peer&) = delete;

    /// The server's side of the handshake.
    bool accept_tls(SSL_CTX* context);
    [[nodiscard]] int number() const { return number_; }

    /// A whole request; false once the client has gone.
    bool read_request();
    /// What comes up to the end of a request's head, the body that came along too.
    std::string read_head();
    /// False once the client has gone.
    bool write(std::string_view bytes);
    /// Returns when the client closes.
    void wait_for_close();
    /// An end as servers make it (close_notify over TLS), or a reset.
    void close();
    void reset();

 private:
    long receive(char* to, std::size_t size);

    int socket_;
    int number_;
    Guarded<std::vector<std::string>>& requests_;
    std::unique_ptr<SSL, decltype(&SSL_free)> tls_{nullptr, &SSL_free};
};

/// A server on loopback that answers as a test says, byte by byte if need be; a thread for each
/// connection.
class RawServer {
 public:
    /// Plays one connection; it is closed when this returns.
    using Play = std::function<void(Peer& peer)>;

    explicit RawServer(Play play);
    /// Over TLS, from before the first byte that `play` sees; no newer one than `newest`, if given.
    RawServer(const config::TlsFiles& files, Play play, int newest = 0);
    /// Reads a request whole, sends `answer`, closes.
    explicit RawServer(std::string answer);
    ~RawServer();
    RawServer(const RawServer&) = delete;
    RawServer& operator=(const RawServer&) = delete;

    /// "http://127.0.0.1:port", or "https://localhost:port".
    [[nodiscard]] std::string url() const { return url("localhost"); }
    /// The same for another name of this machine.
    [[nodiscard]] std::string url(const std::string& tls_host) const;
    /// Connections accepted so far.
    [[nodiscard]] std::size_t connections() const;
    /// The requests that Peer::read_request() read whole, head and body.
    [[nodiscard]] std::vector<std::string> requests() const;

 private:
    void listen_on_loopback();
    void accept_all();
    void serve(int socket, int number);

    Play play_;
    std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> tls_{nullptr, &SSL_CTX_free};
    int listener_ = -1;
    int port_ = 0;
    Guarded<int> accepted_{0};
    Guarded<std::vector<std::string>> requests_;
    Guarded<std::vector<int>> open_;
    std::vector<std::jthread> served_;  // by the thread below, until it has ended
    std::jthread thread_;               // last: it uses the others
};

}  // namespace tecnochat::http_client::testing
