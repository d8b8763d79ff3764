#include "http/connection.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "tecnochat/core/assert.hpp"

namespace tecnochat::meta_simulator {
namespace {

constexpr std::chrono::milliseconds kReadTimeout{10'000};
constexpr std::chrono::milliseconds kWriteTimeout{10'000};
constexpr std::size_t kReadAhead = 16 * 1024;
constexpr std::size_t kGatherMax = 64 * 1024;
constexpr std::size_t kPeekMax = 256;

thread_local Connection* current_connection = nullptr;

bool wait_for(int socket, short events, std::chrono::milliseconds timeout) {
    pollfd entry{socket, events, 0};
    const int ready = ::poll(&entry, 1, static_cast<int>(timeout.count()));
    return ready > 0 && (entry.revents & (events | POLLHUP)) != 0;
}

}  // namespace

Connection::Connection(int socket, std::stop_token stop)
    : socket_(socket), stop_(std::move(stop)) {}

Connection::~Connection() {
    if (!cut_) {
        flush();
        ::shutdown(socket_, SHUT_WR);
    }
    ::close(socket_);
}

Connection& Connection::current() {
    TECNOCHAT_ASSERT(current_connection != nullptr, "current() is for request handlers");
    return *current_connection;
}

bool Connection::wait_for_request(std::chrono::milliseconds idle_max) {
    if (input_at_ < input_.size()) return true;
    // In slices, so that a stop is seen soon without a second descriptor per connection.
    constexpr std::chrono::milliseconds kSlice{200};
    for (auto waited = std::chrono::milliseconds{0}; waited < idle_max; waited += kSlice) {
        if (stop_.stop_requested()) return false;
        if (wait_for(socket_, POLLIN, kSlice)) return client_present();
    }
    return false;
}

std::string Connection::peek() const {
    if (input_at_ < input_.size()) return {};
    std::array<char, kPeekMax> bytes{};
    const auto count = ::recv(socket_, bytes.data(), bytes.size(), MSG_PEEK | MSG_DONTWAIT);
    return count > 0 ? std::string(bytes.data(), static_cast<std::size_t>(count)) : std::string();
}

void Connection::cut() {
    // Zero linger turns close() into a reset, as a crashed peer or a firewall would.
    const linger reset{1, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    output_.clear();
    cut_ = true;
}

bool Connection::client_present() const {
    char byte = 0;
    const auto count = ::recv(socket_, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return count > 0 || (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK));
}

bool Connection::is_readable() const {
    return input_at_ < input_.size() || (!cut_ && wait_for(socket_, POLLIN, kReadTimeout));
}

bool Connection::is_writable() const {
    return !cut_ && wait_for(socket_, POLLOUT, kWriteTimeout);
}

ssize_t Connection::read(char* data, std::size_t size) {
    if (input_at_ == input_.size()) {
        if (cut_ || !wait_for(socket_, POLLIN, kReadTimeout)) return -1;
        input_.resize(kReadAhead);
        const auto count = ::recv(socket_, input_.data(), input_.size(), 0);
        input_.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
        input_at_ = 0;
        if (count <= 0) return count;
    }
    const std::size_t count = std::min(size, input_.size() - input_at_);
    std::copy_n(input_.data() + input_at_, count, data);
    input_at_ += count;
    return static_cast<ssize_t>(count);
}

ssize_t Connection::write(const char* data, std::size_t size) {
    if (cut_) return -1;
    output_.append(data, size);
    if ((streaming_ || output_.size() >= kGatherMax) && !flush()) return -1;
    return static_cast<ssize_t>(size);
}

bool Connection::flush() {
    std::size_t at = 0;
    while (at < output_.size()) {
        const auto count =
            ::send(socket_, output_.data() + at, output_.size() - at, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (count > 0) {
            at += static_cast<std::size_t>(count);
        } else if ((errno != EAGAIN && errno != EWOULDBLOCK) || !is_writable()) {
            output_.clear();
            return false;
        }
    }
    output_.clear();
    return true;
}

void Connection::get_remote_ip_and_port(std::string& ip, int& port) const {
    ip.clear();
    port = 0;
}

void Connection::get_local_ip_and_port(std::string& ip, int& port) const {
    ip.clear();
    port = 0;
}

CurrentConnection::CurrentConnection(Connection& connection) {
    current_connection = &connection;
}
CurrentConnection::~CurrentConnection() {
    current_connection = nullptr;
}

}  // namespace tecnochat::meta_simulator
