#include "component/raw_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <stdexcept>

namespace tecnochat::whatsapp_connector::testing {
namespace {

/// The whole request is there: its head, and as many bytes of body as the head says.
bool complete(const std::string& request) {
    const auto head = request.find("\r\n\r\n");
    if (head == std::string::npos) return false;
    constexpr std::string_view kLength = "Content-Length: ";
    const auto length = request.find(kLength);
    if (length == std::string::npos || length > head) return true;
    return request.size() >= head + 4 + std::stoul(request.substr(length + kLength.size()));
}

}  // namespace

RawServer::RawServer(Play play)
    : play_(std::move(play)), listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (bind(listener_, generic, size) != 0 || listen(listener_, 16) != 0 ||
        getsockname(listener_, generic, &size) != 0) {
        throw std::runtime_error("no port for the test's server");
    }
    port_ = ntohs(address.sin_port);
    thread_ = std::jthread([this] { accept_all(); });
}

RawServer::RawServer(std::string answer)
    : RawServer([answer = std::move(answer)](RawServer& server, int socket) {
          server.read_request(socket);
          write(socket, answer);
      }) {}

RawServer::~RawServer() {
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    close(listener_);
}

std::string RawServer::url() const {
    return "http://127.0.0.1:" + std::to_string(port_);
}

std::size_t RawServer::connections() const {
    return connections_.with([](std::size_t count) { return count; });
}

std::vector<std::string> RawServer::requests() const {
    return requests_.with([](const auto& all) { return all; });
}

void RawServer::read_request(int socket) {
    std::string request;
    std::array<char, 4096> buffer{};
    while (!complete(request)) {
        const auto got = recv(socket, buffer.data(), buffer.size(), 0);
        if (got <= 0) return;
        request.append(buffer.data(), static_cast<std::size_t>(got));
    }
    requests_.with([&](auto& all) { all.push_back(std::move(request)); });
}

bool RawServer::write(int socket, std::string_view bytes) {
    while (!bytes.empty()) {
        const auto put = send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (put <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(put));
    }
    return true;
}

void RawServer::wait_for_close(int socket) {
    std::array<char, 4096> buffer{};
    while (recv(socket, buffer.data(), buffer.size(), 0) > 0) {
    }
}

void RawServer::accept_all() {
    while (true) {
        const int socket = accept(listener_, nullptr, nullptr);
        if (socket < 0) return;
        connections_.with([](std::size_t& count) { ++count; });
        play_(*this, socket);
        close(socket);
    }
}

}  // namespace tecnochat::whatsapp_connector::testing
