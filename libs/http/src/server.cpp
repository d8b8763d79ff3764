#include <sys/resource.h>

#include <boost/asio/post.hpp>
#include <condition_variable>

#include "loop.hpp"
#include "tecnochat/core/assert.hpp"
#include "tecnochat/telemetry/log.hpp"

namespace tecnochat::http {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using Acceptor = asio::basic_socket_acceptor<asio::ip::tcp, Executor>;

constexpr Milliseconds kAcceptPause{100};
constexpr int kBacklog = 1024;
constexpr std::size_t kOtherDescriptors = 256;

Result<asio::ip::tcp::endpoint> parse_endpoint(std::string_view listen) {
    const auto bad = [&] {
        return make_error(
            ErrorCode::kInvalidArgument,
            "'" + std::string(listen) + "' is not an address and port like 127.0.0.1:8081"
        );
    };
    const auto colon = listen.rfind(':');
    if (colon == listen.npos || colon + 1 == listen.size()) return bad();
    std::string host(listen.substr(0, colon));
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
        host = host.substr(1, host.size() - 2);
    } else if (host.find(':') != host.npos) {
        return bad();  // an IPv6 address without brackets: which colon is the port's?
    }
    unsigned port = 0;
    for (const char digit : listen.substr(colon + 1)) {
        if (digit < '0' || digit > '9') return bad();
        port = port * 10 + static_cast<unsigned>(digit - '0');
        if (port > 65535) return bad();
    }
    error_code error;
    const auto address = asio::ip::make_address(host, error);
    if (error) return bad();
    return asio::ip::tcp::endpoint(address, static_cast<std::uint16_t>(port));
}

/// A usual soft limit of 1024 descriptors would bite long before Limits::connections.
void raise_descriptor_limit(std::size_t wanted) {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted) return;
    limit.rlim_cur = std::min<rlim_t>(wanted, limit.rlim_max);
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur < wanted) {
        telemetry::log_warning(
            "http: the limit of open files is below the connection limit",
            {{"open_files", limit.rlim_cur}}
        );
    }
}

}  // namespace

struct Server::Impl {
    Impl(ServerConfig config, Handler handler)
        : shared(std::make_shared<Shared>()),
          loops(static_cast<std::size_t>(std::max(1, config.io_threads))) {
        shared->config = std::move(config);
        shared->handler = std::move(handler);
        for (auto& loop : loops) loop = std::make_shared<Loop>(shared);
        acceptor = std::make_unique<Acceptor>(loops.front()->context());
        accept_pause = std::make_unique<asio::steady_timer>(loops.front()->context());
    }

    Status listen() {
        TECNOCHAT_TRY(const auto endpoint, parse_endpoint(shared->config.listen));
        try {
            acceptor->open(endpoint.protocol());
            acceptor->set_option(asio::socket_base::reuse_address(true));
            acceptor->bind(endpoint);
            acceptor->listen(kBacklog);
        } catch (const boost::system::system_error& error) {
            return make_error(
                ErrorCode::kUnavailable,
                "cannot listen on " + shared->config.listen + ": " + error.code().message()
            );
        }
        port = acceptor->local_endpoint().port();
        return ok();
    }

    void accept() {
        // Connections go round the loops: SO_REUSEPORT would spread few connections unevenly.
        Loop& loop = *loops[next++ % loops.size()];
        acceptor->async_accept(
            loop.context(),
            [this, &loop](const error_code& error, Socket socket) {
                if (!acceptor->is_open()) return;
                if (error) {
                    pause_accepting(error);
                    return;
                }
                if (++shared->connections > shared->config.limits.connections) {
                    turn_away(socket);
                } else {
                    loop.adopt(std::move(socket));
                }
                accept();
            }
        );
    }

    /// Out of descriptors, most likely: trying again at once would only burn the processor.
    void pause_accepting(const error_code& error) {
        telemetry::log_limited(
            telemetry::Level::kWarning, "http: accept failed", {{"error", error.message()}}
        );
        accept_pause->expires_after(kAcceptPause);
        accept_pause->async_wait([this](const error_code& cancelled) {
            if (!cancelled && acceptor->is_open()) accept();
        });
    }

    void turn_away(Socket& socket) {
        static constexpr std::string_view kFull =
            "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nRetry-After: 1\r\n"
            "Connection: close\r\n\r\n";
        error_code ignored;  // it is closed next, whatever became of the courtesy
        socket.non_blocking(true, ignored);
        socket.write_some(asio::buffer(kFull), ignored);
        --shared->connections;
        if (shared->config.on_answer) shared->config.on_answer(503);
    }

    void stop(Deadline deadline) {
        if (!started || stopped) return;
        stopped = true;
        asio::post(loops.front()->context(), [this] {
            error_code ignored;
            acceptor->close(ignored);
            accept_pause->cancel();
        });
        for (const auto& loop : loops) loop->drain();
        // Stopping happens once in a process's life: looking every few milliseconds is simpler than
        // a signal from every closing connection.
        while (shared->connections > 0 && !deadline.expired()) {
            std::this_thread::sleep_for(std::min(Milliseconds(5), deadline.remaining()));
        }
        for (const auto& loop : loops) loop->stop();
    }

    std::shared_ptr<Shared> shared;
    std::vector<std::shared_ptr<Loop>> loops;
    std::unique_ptr<Acceptor> acceptor;
    std::unique_ptr<asio::steady_timer> accept_pause;
    std::size_t next = 0;
    std::uint16_t port = 0;
    bool started = false;
    bool stopped = false;
};

Server::Server(ServerConfig config, Handler handler)
    : impl_(std::make_unique<Impl>(std::move(config), std::move(handler))) {}

Server::~Server() {
    stop(Deadline::after(Milliseconds(0)));
}

void Server::watch(int descriptor, std::function<void()> readable) {
    TECNOCHAT_ASSERT(!impl_->started, "watched from the start");
    impl_->loops.front()->watch(descriptor, std::move(readable));
}

Status Server::start() {
    raise_descriptor_limit(impl_->shared->config.limits.connections + kOtherDescriptors);
    TECNOCHAT_CHECK(impl_->listen());
    impl_->started = true;
    impl_->accept();
    for (const auto& loop : impl_->loops) loop->start();
    return ok();
}

std::uint16_t Server::port() const {
    return impl_->port;
}

std::size_t Server::connections() const {
    return impl_->shared->connections;
}

void Server::stop(Deadline deadline) {
    impl_->stop(deadline);
}

}  // namespace tecnochat::http
