#include "http/server.hpp"

#include <arpa/inet.h>
#include <httplib.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <charconv>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

#include "http/connection.hpp"

namespace tecnochat::meta_simulator {
namespace {

constexpr int kBacklog = 1024;
constexpr std::chrono::milliseconds kIdleMax{60'000};
constexpr int kAcceptSliceMs = 100;

sockaddr_in address_of(const ListenAddress& address) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(static_cast<std::uint16_t>(address.port));
    if (::inet_pton(AF_INET, address.host.c_str(), &in.sin_addr) != 1) {
        throw std::runtime_error("not an IPv4 address: " + address.host);
    }
    return in;
}

int open_listener(const ListenAddress& address) {
    const sockaddr_in in = address_of(address);
    const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const int on = 1;
    ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (::bind(listener, reinterpret_cast<const sockaddr*>(&in), sizeof in) != 0 ||
        ::listen(listener, kBacklog) != 0) {
        ::close(listener);
        throw std::runtime_error(
            "cannot listen on " + address.host + ":" + std::to_string(address.port)
        );
    }
    return listener;
}

int bound_port(int listener) {
    sockaddr_in in{};
    socklen_t size = sizeof in;
    ::getsockname(listener, reinterpret_cast<sockaddr*>(&in), &size);
    return ntohs(in.sin_port);
}

}  // namespace

/// Reuses httplib's parser and writer, not its listener.
class HttpServer::Impl : private httplib::Server {
 public:
    Impl(HttpServer::Options options, const HttpServer::Handler& handler, Refuse refuse)
        : options_(std::move(options)),
          refuse_(std::move(refuse)),
          listener_(open_listener(options_.address)) {
        options_.address.port = bound_port(listener_);
        svr_sock_ = listener_;  // streamed answers end when this is invalid
        set_payload_max_length(options_.body_max);
        set_keep_alive_max_count(1'000'000);  // only for the header httplib writes
        set_keep_alive_timeout(kIdleMax / std::chrono::seconds(1));
        for (auto add : {&Server::Get, &Server::Delete}) (this->*add)(".*", handler);
        Post(".*", handler);
        acceptor_ = std::jthread([this](const std::stop_token& stop) { accept_all(stop); });
    }

    ~Impl() override {
        stopping_.request_stop();
        svr_sock_ = INVALID_SOCKET;
        acceptor_ = {};
        {
            const std::scoped_lock lock(mutex_);  // no worker is between its check and its wait
            waiting_changed_.notify_all();
        }
        workers_.clear();
    }

    [[nodiscard]] int port() const { return options_.address.port; }

    void close_for(Milliseconds duration) {
        closed_until_ms_ =
            (std::chrono::steady_clock::now() + duration).time_since_epoch() / Milliseconds(1);
    }
    void reopen() { closed_until_ms_ = 0; }

 private:
    [[nodiscard]] bool closed() const {
        return std::chrono::steady_clock::now().time_since_epoch() / Milliseconds(1) <
               closed_until_ms_.load();
    }

    void accept_all(const std::stop_token& stop) {
        while (!stop.stop_requested()) {
            if (closed() != (listener_ < 0)) switch_listener();
            if (listener_ < 0) {
                ::poll(nullptr, 0, kAcceptSliceMs / 10);
                continue;
            }
            pollfd entry{listener_, POLLIN, 0};
            if (::poll(&entry, 1, closed_until_ms_ == 0 ? kAcceptSliceMs : 10) <= 0) continue;
            const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
            if (socket >= 0) hand_over(socket);
        }
        if (listener_ >= 0) ::close(listener_);
    }

    void switch_listener() {
        if (listener_ >= 0) {
            ::close(listener_);
            listener_ = -1;
            return;
        }
        try {
            listener_ = open_listener(options_.address);
        } catch (const std::runtime_error&) {
            listener_ = -1;  // somebody took the port meanwhile: try again in the next round
        }
    }

    void hand_over(int socket) {
        const int on = 1;
        ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        const std::scoped_lock lock(mutex_);
        if (idle_workers_ <= waiting_.size() && workers_.size() >= options_.connections_max) {
            static constexpr std::string_view kBusy =
                "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n"
                "Connection: close\r\n\r\n";
            ::send(socket, kBusy.data(), kBusy.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
            ::close(socket);
            return;
        }
        if (idle_workers_ <= waiting_.size()) {
            workers_.emplace_back([this] { serve_waiting(); });
        }
        waiting_.push_back(socket);
        waiting_changed_.notify_one();
    }

    void serve_waiting() {
        const std::stop_token stop = stopping_.get_token();
        std::unique_lock lock(mutex_);
        while (true) {
            ++idle_workers_;
            waiting_changed_.wait(lock, [&] { return !waiting_.empty() || stop.stop_requested(); });
            --idle_workers_;
            if (waiting_.empty()) return;
            const int socket = waiting_.front();
            waiting_.pop_front();
            lock.unlock();
            serve(socket, stop);
            lock.lock();
        }
    }

    void serve(int socket, const std::stop_token& stop) {
        Connection connection(socket, stop);
        const CurrentConnection scope(connection);
        bool closed = false;
        while (!closed && !connection.is_cut() && connection.wait_for_request(kIdleMax)) {
            if (refuse_ && refuse_(connection.peek())) {
                connection.cut();
                return;
            }
            const bool good = process_request(
                connection, stop.stop_requested(), closed, [](httplib::Request&) {}
            );
            if (!good || !connection.flush()) return;
        }
    }

    HttpServer::Options options_;
    Refuse refuse_;
    int listener_ = -1;
    std::atomic<std::int64_t> closed_until_ms_{0};
    std::stop_source stopping_;
    std::mutex mutex_;
    std::condition_variable waiting_changed_;
    std::deque<int> waiting_;
    std::size_t idle_workers_ = 0;
    std::vector<std::jthread> workers_;
    std::jthread acceptor_;
};

Result<ListenAddress> parse_listen_address(const std::string& text) {
    const std::size_t colon = text.rfind(':');
    ListenAddress address;
    const char* end = text.data() + text.size();
    if (colon == std::string::npos || colon == 0) {
        return make_error(ErrorCode::kInvalidArgument, "not a host:port: " + text);
    }
    address.host = text.substr(0, colon);
    const auto [last, failure] = std::from_chars(text.data() + colon + 1, end, address.port);
    if (failure != std::errc{} || last != end || address.port < 0 || address.port > 65535) {
        return make_error(ErrorCode::kInvalidArgument, "not a host:port: " + text);
    }
    return address;
}

HttpServer::HttpServer(Options options, const Handler& handler, Refuse refuse)
    : impl_(std::make_unique<Impl>(std::move(options), handler, std::move(refuse))) {}
HttpServer::~HttpServer() = default;
int HttpServer::port() const {
    return impl_->port();
}
void HttpServer::close_for(Milliseconds duration) {
    impl_->close_for(duration);
}
void HttpServer::reopen() {
    impl_->reopen();
}

}  // namespace tecnochat::meta_simulator
