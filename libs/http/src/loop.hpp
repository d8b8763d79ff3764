#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tecnochat/core/guarded.hpp"
#include "tecnochat/http/server.hpp"

namespace tecnochat::http {

using Executor = boost::asio::io_context::executor_type;
using Socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, Executor>;

/// What all loops of one server share.
struct Shared {
    ServerConfig config;
    Server::Handler handler;
    std::atomic<std::size_t> connections{0};
    std::atomic<std::size_t> buffered_bytes{0};
};

/// One io thread with its own io_context: everything of a connection happens on its loop's thread,
/// so connections need no locks. Answers from other threads arrive through complete(), which wakes
/// the loop once for all that came since it last looked. Timeouts are checked by one coarse tick
/// for all connections instead of a timer each.
class Loop : public std::enable_shared_from_this<Loop> {
 public:
    explicit Loop(std::shared_ptr<Shared> shared);
    ~Loop();
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    /// Before start(); any number of them.
    void watch(int descriptor, std::function<void()> readable);
    void start();
    /// After it returned nothing runs any more; open connections are closed.
    void stop();
    /// Any thread: adopts an accepted socket.
    void adopt(Socket socket);
    /// Any thread: an answer for one of this loop's connections.
    void complete(std::shared_ptr<Connection> connection, Response response);
    /// Any thread: closes idle connections, and each other one after its answer.
    void drain();

    // The loop's own thread:
    void forget(Connection* connection);
    [[nodiscard]] bool draining() const { return draining_; }
    /// The Date header's value; at most one tick old.
    [[nodiscard]] const std::string& date() const { return date_; }

    [[nodiscard]] Shared& shared() { return *shared_; }
    [[nodiscard]] boost::asio::io_context& context() { return context_; }

 private:
    using Completion = std::pair<std::shared_ptr<Connection>, Response>;
    struct Inbox {
        std::vector<Completion> completions;
        bool scheduled = false;
        bool closed = false;
    };

    void run();
    void tick();
    struct Watched {
        boost::asio::posix::basic_stream_descriptor<Executor> descriptor;
        std::function<void()> readable;
    };
    static void await(Watched& watched);
    void deliver();

    std::shared_ptr<Shared> shared_;
    boost::asio::io_context context_{1};
    boost::asio::steady_timer timer_{context_};
    std::list<Watched> watched_;  // waits refer to its elements
    std::unordered_map<Connection*, std::shared_ptr<Connection>> connections_;
    Guarded<Inbox> inbox_;
    std::vector<Completion> delivering_;
    std::string date_;
    bool draining_ = false;
    std::jthread thread_;
};

}  // namespace tecnochat::http
