#pragma once

#include <httplib.h>

#include <chrono>
#include <stop_token>
#include <string>

namespace tecnochat::meta_simulator {

/// One accepted TCP connection as cpp-httplib's Stream, with what a simulator of a misbehaving
/// platform needs and httplib hides: looking at a request before reading it, and cutting the line.
/// Writes are gathered so that a small answer is one packet. Used by its own thread only.
class Connection final : public httplib::Stream {
 public:
    /// Takes over `socket` and closes it in the destructor.
    Connection(int socket, std::stop_token stop);
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection() override;

    /// The connection whose request this thread is handling; only inside a handler.
    static Connection& current();

    /// Waits for the next request; false when the client is gone, idle too long, or we stop.
    bool wait_for_request(std::chrono::milliseconds idle_max);
    /// The first bytes of a request, left unread in the kernel; empty if we have read ahead.
    [[nodiscard]] std::string peek() const;
    /// Resets the connection (RST): nothing more is read or written.
    void cut();
    [[nodiscard]] bool is_cut() const { return cut_; }
    /// True while the other side has not closed.
    [[nodiscard]] bool client_present() const;
    /// From here on every write goes out at once (server-sent events).
    void stream() { streaming_ = true; }
    bool flush();

    [[nodiscard]] bool is_readable() const override;
    [[nodiscard]] bool is_writable() const override;
    ssize_t read(char* data, std::size_t size) override;
    ssize_t write(const char* data, std::size_t size) override;
    void get_remote_ip_and_port(std::string& ip, int& port) const override;
    void get_local_ip_and_port(std::string& ip, int& port) const override;
    [[nodiscard]] socket_t socket() const override { return socket_; }

 private:
    friend class CurrentConnection;

    int socket_;
    std::stop_token stop_;
    std::string input_;
    std::size_t input_at_ = 0;
    std::string output_;
    bool streaming_ = false;
    bool cut_ = false;
};

/// Makes a connection the thread's current one for its scope.
class CurrentConnection {
 public:
    explicit CurrentConnection(Connection& connection);
    CurrentConnection(const CurrentConnection&) = delete;
    CurrentConnection& operator=(const CurrentConnection&) = delete;
    ~CurrentConnection();
};

}  // namespace tecnochat::meta_simulator
