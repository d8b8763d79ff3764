#include "admin_server.hpp"

#include <fmt/format.h>
#include <httplib.h>

#include <atomic>
#include <stdexcept>
#include <thread>

#include "tecnochat/telemetry/log.hpp"

namespace tecnochat::runtime {
namespace {

constexpr std::size_t kThreads = 3;
constexpr std::size_t kBodyBytesMax = 1024;
constexpr time_t kIoSeconds = 5;
constexpr const char* kText = "text/plain; charset=utf-8";

void answer(httplib::Response& response, int status, const std::string& text) {
    response.status = status;
    response.set_content(text + "\n", kText);
}

void change_level(const httplib::Request& request, httplib::Response& response) {
    std::string name = request.body;
    while (name.ends_with('\n') || name.ends_with('\r')) name.pop_back();
    const auto level = telemetry::parse_level(name);
    if (!level) return answer(response, 400, level.error().message);
    telemetry::set_level(*level);
    telemetry::log_info("log level changed", {{"to", name}});
    answer(response, 200, name);
}

}  // namespace

struct AdminServer::Impl {
    httplib::Server server;
    int port = 0;
    std::atomic<bool> loop_ended = false;
    std::jthread thread;
};

AdminServer::AdminServer(
    Config config, const telemetry::Metrics& metrics, std::function<bool()> is_ready
)
    : impl_(std::make_unique<Impl>()) {
    httplib::Server& server = impl_->server;
    // The library takes the bare pointer over.
    // NOLINTNEXTLINE(cppcoreguidelines-owning-memory)
    server.new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
    server.set_tcp_nodelay(true);
    // One request per connection: a kept-alive one would hold one of the few threads.
    server.set_keep_alive_max_count(1);
    server.set_read_timeout(kIoSeconds);
    server.set_write_timeout(kIoSeconds);
    server.set_payload_max_length(kBodyBytesMax);
    // The library's default is SO_REUSEPORT: a second process would share the port unnoticed.
    server.set_socket_options([](socket_t socket) {
        const int yes = 1;
        setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    });

    server.Get("/metrics", [&metrics](const auto&, auto& response) {
        response.set_content(metrics.serialize(), "text/plain; version=0.0.4; charset=utf-8");
    });
    server.Get("/livez", [](const auto&, auto& response) { answer(response, 200, "alive"); });
    server.Get("/readyz", [is_ready = std::move(is_ready)](const auto&, auto& response) {
        const bool ready = is_ready();
        answer(response, ready ? 200 : 503, ready ? "ready" : "not ready");
    });
    const std::string version =
        fmt::format(R"({{"service":"{}","version":"{}"}})", config.service, config.version);
    server.Get("/version", [version](const auto&, auto& response) {
        response.set_content(version + "\n", "application/json");
    });
    server.Get("/log-level", [](const auto&, auto& response) {
        answer(response, 200, std::string(telemetry::to_string(telemetry::level())));
    });
    server.Put("/log-level", change_level);

    const auto& listen = config.listen;
    impl_->port = listen.port == 0 ? server.bind_to_any_port(listen.host)
                  : server.bind_to_port(listen.host, listen.port) ? listen.port
                                                                  : -1;
    if (impl_->port <= 0) {
        throw std::runtime_error(fmt::format(
            "the admin port {}:{} cannot be opened; is it in use?", listen.host, listen.port
        ));
    }
    impl_->thread = std::jthread([impl = impl_.get()] {
        impl->server.listen_after_bind();
        impl->loop_ended = true;
    });
}

AdminServer::~AdminServer() {
    // stop() before the loop runs would be forgotten and the join would last for ever.
    while (!impl_->server.is_running() && !impl_->loop_ended) std::this_thread::yield();
    impl_->server.stop();
}

int AdminServer::port() const {
    return impl_->port;
}

}  // namespace tecnochat::runtime
