#include "loop.hpp"

#include <boost/asio/post.hpp>
#include <ctime>
#include <exception>

#include "connection.hpp"
#include "tecnochat/telemetry/log.hpp"

namespace tecnochat::http {
namespace {

constexpr Milliseconds kTick{100};

std::string http_date() {
    // IMF-fixdate (RFC 9110, 5.6.7); the C locale's names are the wanted ones.
    const std::time_t now = std::time(nullptr);
    std::tm parts{};
    gmtime_r(&now, &parts);
    std::array<char, 32> text{};
    const auto size = std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    return {text.data(), size};
}

}  // namespace

Loop::Loop(std::shared_ptr<Shared> shared) : shared_(std::move(shared)), date_(http_date()) {}

Loop::~Loop() {
    // The descriptor is the caller's, also of a server that never started.
    for (auto& watched : watched_) watched.descriptor.release();
}

void Loop::watch(int descriptor, std::function<void()> readable) {
    watched_.push_back({decltype(Watched::descriptor)(context_, descriptor), std::move(readable)});
}

void Loop::await(Watched& watched) {
    watched.descriptor.async_wait(
        boost::asio::posix::descriptor_base::wait_read,
        [&watched](const boost::system::error_code& error) {
            if (error) return;
            await(watched);
            watched.readable();
        }
    );
}

void Loop::start() {
    tick();
    for (auto& watched : watched_) await(watched);
    thread_ = std::jthread([this] { run(); });
}

void Loop::run() {
    // The barrier of this thread: a handler's exception costs its connection, never the server.
    for (;;) {
        try {
            context_.run();
            return;
        } catch (const std::exception& error) {
            telemetry::log_error("http: exception on an io thread", {{"error", error.what()}});
        }
    }
}

void Loop::stop() {
    context_.stop();
    if (thread_.joinable()) thread_.join();
    inbox_.with([](Inbox& inbox) {
        inbox.closed = true;
        inbox.completions.clear();
    });
    const auto left = std::move(connections_);
    connections_.clear();
    for (const auto& [raw, connection] : left) connection->close();
    // Aborted reads and writes hold their connections, which hold this: let them go.
    context_.restart();
    context_.poll();
}

void Loop::adopt(Socket socket) {
    boost::asio::post(context_, [this, accepted = std::move(socket)]() mutable {
        auto connection = std::make_shared<Connection>(std::move(accepted), shared_from_this());
        connections_.emplace(connection.get(), connection);
        connection->start();
    });
}

void Loop::complete(std::shared_ptr<Connection> connection, Response response) {
    const bool wake = inbox_.with([&](Inbox& inbox) {
        if (inbox.closed) return false;
        inbox.completions.emplace_back(std::move(connection), std::move(response));
        return !std::exchange(inbox.scheduled, true);
    });
    if (wake) boost::asio::post(context_, [this] { deliver(); });
}

void Loop::deliver() {
    inbox_.with([this](Inbox& inbox) {
        inbox.completions.swap(delivering_);
        inbox.scheduled = false;
    });
    for (auto& [connection, response] : delivering_) connection->answer(response);
    delivering_.clear();
}

void Loop::drain() {
    boost::asio::post(context_, [this] {
        draining_ = true;
        // Closing forgets, which changes the map: walk a copy.
        const auto open = connections_;
        for (const auto& [raw, connection] : open) connection->drain();
    });
}

void Loop::forget(Connection* connection) {
    connections_.erase(connection);
}

void Loop::tick() {
    date_ = http_date();
    const auto now = std::chrono::steady_clock::now();
    std::vector<std::shared_ptr<Connection>> late;
    for (const auto& [raw, connection] : connections_) {
        if (connection->late(now)) late.push_back(connection);
    }
    for (const auto& connection : late) connection->time_out();
    timer_.expires_after(kTick);
    timer_.async_wait([this](const boost::system::error_code& error) {
        if (!error) tick();
    });
}

}  // namespace tecnochat::http
