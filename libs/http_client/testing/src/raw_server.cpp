#include "tecnochat/http_client/testing/raw_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <stdexcept>
#include <utility>

namespace tecnochat::http_client::testing {
namespace {

/// The whole request is there: its head, and as many bytes of body as the head says.
bool complete(const std::string& request) {
    const auto head = request.find("\r\n\r\n");
    if (head == std::string::npos) return false;
    constexpr std::string_view kLength = "Content-Length: ";
    const auto length = request.find(kLength);
    if (length == std::string::npos || length > head) return true;
    return request.size() >= head + 4 + std::stoul(request.substr(length + kLength.size(), 20));
}

}  // namespace

Peer::~Peer() {
    close();
}

bool Peer::accept_tls(SSL_CTX* context) {
    tls_.reset(SSL_new(context));
    SSL_set_fd(tls_.get(), socket_);
    return SSL_accept(tls_.get()) == 1;
}

long Peer::receive(char* to, std::size_t size) {
    if (tls_ != nullptr) return SSL_read(tls_.get(), to, static_cast<int>(size));
    return recv(socket_, to, size, 0);
}

bool Peer::read_request() {
    std::string request;
    std::array<char, 65536> buffer{};
    while (!complete(request)) {
        const auto got = receive(buffer.data(), buffer.size());
        if (got <= 0) return false;
        request.append(buffer.data(), static_cast<std::size_t>(got));
    }
    requests_.with([&](auto& all) { all.push_back(std::move(request)); });
    return true;
}

std::string Peer::read_head() {
    std::string request;
    std::array<char, 65536> buffer{};
    while (request.find("\r\n\r\n") == std::string::npos) {
        const auto got = receive(buffer.data(), buffer.size());
        if (got <= 0) break;
        request.append(buffer.data(), static_cast<std::size_t>(got));
    }
    return request;
}

bool Peer::write(std::string_view bytes) {
    while (!bytes.empty()) {
        const long put = tls_ != nullptr
                             ? SSL_write(tls_.get(), bytes.data(), static_cast<int>(bytes.size()))
                             : send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (put <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(put));
    }
    return true;
}

void Peer::wait_for_close() {
    std::array<char, 65536> buffer{};
    while (receive(buffer.data(), buffer.size()) > 0) {
    }
}

void Peer::close() {
    if (socket_ < 0) return;
    if (tls_ != nullptr) SSL_shutdown(tls_.get());
    ::close(std::exchange(socket_, -1));
}

void Peer::reset() {
    const linger now{.l_onoff = 1, .l_linger = 0};
    setsockopt(socket_, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    ::close(std::exchange(socket_, -1));
}

RawServer::RawServer(Play play) : play_(std::move(play)) {
    listen_on_loopback();
}

RawServer::RawServer(const config::TlsFiles& files, Play play, int newest)
    : play_(std::move(play)) {
    // OpenSSL writes without MSG_NOSIGNAL.
    std::signal(SIGPIPE, SIG_IGN);
    tls_.reset(SSL_CTX_new(TLS_server_method()));
    if (newest != 0) {
        // OpenSSL's own default refuses old versions too.
        SSL_CTX_set_security_level(tls_.get(), 0);
        SSL_CTX_set_min_proto_version(tls_.get(), newest);
        SSL_CTX_set_max_proto_version(tls_.get(), newest);
    }
    if (SSL_CTX_use_certificate_chain_file(tls_.get(), files.certificate.c_str()) != 1 ||
        SSL_CTX_use_PrivateKey_file(tls_.get(), files.key.c_str(), SSL_FILETYPE_PEM) != 1) {
        throw std::runtime_error("no certificate for the test's server");
    }
    listen_on_loopback();
}

RawServer::RawServer(std::string answer)
    : RawServer([answer = std::move(answer)](Peer& peer) {
          if (peer.read_request()) peer.write(answer);
      }) {}

RawServer::~RawServer() {
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    open_.with([](const auto& sockets) {
        for (const int socket : sockets) shutdown(socket, SHUT_RDWR);
    });
    served_.clear();
    close(listener_);
}

std::string RawServer::url(const std::string& tls_host) const {
    const auto port = ":" + std::to_string(port_);
    return tls_ != nullptr ? "https://" + tls_host + port : "http://127.0.0.1" + port;
}

std::size_t RawServer::connections() const {
    return accepted_.with([](int count) { return static_cast<std::size_t>(count); });
}

std::vector<std::string> RawServer::requests() const {
    return requests_.with([](const auto& all) { return all; });
}

void RawServer::listen_on_loopback() {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (bind(listener_, generic, size) != 0 || listen(listener_, 256) != 0 ||
        getsockname(listener_, generic, &size) != 0) {
        throw std::runtime_error("no port for the test's server");
    }
    port_ = ntohs(address.sin_port);
    thread_ = std::jthread([this] { accept_all(); });
}

void RawServer::accept_all() {
    while (true) {
        const int socket = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (socket < 0) return;
        const int number = accepted_.with([](int& count) { return ++count; });
        open_.with([&](auto& sockets) { sockets.push_back(socket); });
        served_.emplace_back([this, socket, number] { serve(socket, number); });
    }
}

void RawServer::serve(int socket, int number) {
    Peer peer(socket, number, requests_);
    if (tls_ == nullptr || peer.accept_tls(tls_.get())) play_(peer);
    // Before its number can belong to another file.
    open_.with([&](auto& sockets) { std::erase(sockets, socket); });
}

}  // namespace tecnochat::http_client::testing
