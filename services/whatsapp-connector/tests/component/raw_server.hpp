#pragma once

#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "tecnochat/core/guarded.hpp"

namespace tecnochat::whatsapp_connector::testing {

/// A TCP server on loopback that answers as a test says, byte by byte if need be, one connection
/// after the other.
class RawServer {
 public:
    /// Plays one connection; it is closed when this returns.
    using Play = std::function<void(RawServer&, int socket)>;

    explicit RawServer(Play play);
    /// Reads each request whole and sends `answer`.
    explicit RawServer(std::string answer);
    ~RawServer();
    RawServer(const RawServer&) = delete;
    RawServer& operator=(const RawServer&) = delete;

    [[nodiscard]] std::string url() const;
    /// Connections accepted so far.
    [[nodiscard]] std::size_t connections() const;
    /// The requests read by read_request(), head and body.
    [[nodiscard]] std::vector<std::string> requests() const;

    void read_request(int socket);
    /// False once the peer has gone.
    static bool write(int socket, std::string_view bytes);
    /// Returns when the peer closes.
    static void wait_for_close(int socket);

 private:
    void accept_all();

    Play play_;
    int listener_ = -1;
    int port_ = 0;
    Guarded<std::size_t> connections_{0};
    Guarded<std::vector<std::string>> requests_;
    std::jthread thread_;  // last: it uses the others
};

}  // namespace tecnochat::whatsapp_connector::testing
