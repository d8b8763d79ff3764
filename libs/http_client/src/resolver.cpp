#include "tecnochat/http_client/resolver.hpp"

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

namespace tecnochat::http_client {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

Error no_answer() {
    return make_error(ErrorCode::kUnavailable, "the name lookup gave no address", "lookup");
}

std::string text_of(const addrinfo& entry) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (entry.ai_family == AF_INET6) {
        const auto* address = reinterpret_cast<const sockaddr_in6*>(entry.ai_addr);
        inet_ntop(AF_INET6, &address->sin6_addr, text.data(), text.size());
        return "[" + std::string(text.data()) + "]";
    }
    const auto* address = reinterpret_cast<const sockaddr_in*>(entry.ai_addr);
    inet_ntop(AF_INET, &address->sin_addr, text.data(), text.size());
    return text.data();
}

Result<Addresses> system_lookup(const std::string& host) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_ADDRCONFIG;
    addrinfo* found = nullptr;
    if (getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0) return no_answer();
    const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, &freeaddrinfo);
    Addresses addresses;
    for (const auto* entry = found; entry != nullptr; entry = entry->ai_next) {
        if (entry->ai_family == AF_INET || entry->ai_family == AF_INET6)
            addresses.push_back(text_of(*entry));
    }
    return addresses;
}

/// What is known of one host.
struct Host {
    Addresses addresses;
    SteadyTime answered;
    SteadyTime started;          // of the newest lookup
    std::size_t running = 0;     // lookups
    std::uint64_t failures = 0;  // lookups that ended without an answer
};

}  // namespace

struct CachingResolver::State {
    State(Limits bounds, Lookup function) : limits(bounds), lookup(std::move(function)) {}

    const Limits limits;
    const Lookup lookup;
    std::mutex mutex;
    std::condition_variable changed;
    std::map<std::string, Host> hosts;  // as many as allow-lists name
    std::size_t running = 0;

    [[nodiscard]] bool has_room(const Host& host) const {
        return host.running < limits.lookups_per_host && running < limits.lookups;
    }
    /// Under the mutex.
    static void start(const std::shared_ptr<State>& state, const std::string& name, Host& host);
    void finish(const std::string& name, Result<Addresses> found);
};

void CachingResolver::State::start(
    const std::shared_ptr<State>& state, const std::string& name, Host& host
) {
    host.started = std::chrono::steady_clock::now();
    try {
        std::thread([state, name] { state->finish(name, state->lookup(name)); }).detach();
    } catch (const std::system_error&) {
        ++host.failures;  // no thread to be had
        return;
    }
    ++host.running;
    ++state->running;
}

void CachingResolver::State::finish(const std::string& name, Result<Addresses> found) {
    {
        const std::scoped_lock lock(mutex);
        auto& host = hosts[name];
        --host.running;
        --running;
        if (found && !found->empty()) {
            host.addresses = *std::move(found);
            host.answered = std::chrono::steady_clock::now();
        } else {
            ++host.failures;
        }
    }
    changed.notify_all();
}

CachingResolver::CachingResolver() : CachingResolver(Limits{}, system_lookup) {}

CachingResolver::CachingResolver(Limits limits, Lookup lookup)
    : state_(std::make_shared<State>(limits, std::move(lookup))) {}

Result<Addresses> CachingResolver::resolve(const std::string& host_name, Deadline deadline) {
    const auto& limits = state_->limits;
    std::unique_lock lock(state_->mutex);
    auto& host = state_->hosts[host_name];
    const auto failures = host.failures;
    const auto begun = std::chrono::steady_clock::now();
    while (true) {
        const auto now = std::chrono::steady_clock::now();
        const auto age = now - host.answered;
        const bool overtake = host.running == 0 || now - host.started >= limits.patience;
        if (!host.addresses.empty() && (host.answered >= begun || age < limits.usable)) {
            // After a failure the next try waits for the patience as well.
            if (age >= limits.fresh && now - host.started >= limits.patience &&
                state_->has_room(host))
                State::start(state_, host_name, host);
            return host.addresses;
        }
        if (host.running == 0 && host.failures != failures) return no_answer();
        if (now >= deadline.time_point()) {
            return make_error(
                ErrorCode::kDeadlineExceeded, "the name lookup takes too long", "lookup"
            );
        }
        if (overtake && state_->has_room(host)) {
            State::start(state_, host_name, host);
            continue;
        }
        auto until = deadline.time_point();
        if (state_->has_room(host)) until = std::min(until, host.started + limits.patience);
        state_->changed.wait_until(lock, until);
    }
}

}  // namespace tecnochat::http_client
