#include "tecnochat/http_client/client.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

#include "fields.hpp"
#include "handle.hpp"
#include "tecnochat/core/guarded.hpp"

namespace tecnochat::http_client {
namespace {

using SteadyClock = std::chrono::steady_clock;

/// Once a process, before any handle; thread-safe as a static is.
void start_curl() {
    static const auto code = curl_global_init(CURL_GLOBAL_DEFAULT);
    if (code != CURLE_OK) throw std::runtime_error("libcurl does not start");
}

bool is_address(const std::string& host) {
    in_addr ignored{};
    return host.starts_with('[') || inet_pton(AF_INET, host.c_str(), &ignored) == 1;
}

/// The head of a request is bounded too: it has to fit into one write.
bool is_valid(const Request& request) {
    constexpr std::size_t kHeadBytes = 12 * 1024;
    auto bytes = request.url.target().size();
    for (const auto& header : request.headers) {
        if (!is_field(header.name, header.value)) return false;
        bytes += header.name.size() + header.value.size() + 4;
    }
    return bytes <= kHeadBytes;
}

telemetry::Counter counter(
    telemetry::Metrics& metrics, const std::string& client, const char* outcome
) {
    return metrics.counter(
        "tecnochat_http_client_calls_total",
        "HTTP calls to servers on the Internet, by what is known after them",
        {{"client", client}, {"outcome", outcome}}
    );
}

}  // namespace

struct Client::Impl {
    using Handles = std::vector<std::unique_ptr<Handle>>;

    Impl(ClientConfig wanted, Resolver& used, telemetry::Metrics& metrics)
        : config(std::move(wanted)),
          resolver(used),
          seconds(metrics.histogram(
              "tecnochat_http_client_call_seconds",
              "HTTP calls to servers on the Internet, from name lookup to the end of the answer",
              {{"client", config.name}}
          )),
          outcomes{
              counter(metrics, config.name, "nothing_sent"),
              counter(metrics, config.name, "answered"),
              counter(metrics, config.name, "doubtful")
          } {
        for (const auto& server : config.servers) {
            const auto url = Url::parse(server);
            if (!url) throw std::invalid_argument(url.error().message + ": " + server);
            servers.push_back(url->origin());
        }
    }

    Outcome call(const Request& request, Deadline deadline);
    std::unique_ptr<Handle> take(const Origin& origin, SteadyClock::time_point oldest);
    void put_back(std::unique_ptr<Handle> handle);

    ClientConfig config;
    Resolver& resolver;
    telemetry::Histogram seconds;
    std::array<telemetry::Counter, 3> outcomes;  // by the index of Outcome
    std::vector<Origin> servers;
    /// The lock is held to move a handle in or out, never for anything a network can delay.
    Guarded<Handles> idle;
};

/// One with a young connection to `origin`, the last used first; else the one that rests longest,
/// for a handle that was used has read the CAs already. May be null.
std::unique_ptr<Handle> Client::Impl::take(const Origin& origin, SteadyClock::time_point oldest) {
    return idle.with([&](Handles& handles) -> std::unique_ptr<Handle> {
        if (handles.empty()) return nullptr;
        auto found = std::find_if(handles.rbegin(), handles.rend(), [&](const auto& handle) {
            return handle->is_for(origin, oldest);
        });
        const auto at = found == handles.rend() ? handles.begin() : std::prev(found.base());
        auto handle = std::move(*at);
        handles.erase(at);
        return handle;
    });
}

void Client::Impl::put_back(std::unique_ptr<Handle> handle) {
    // What is too much ends here, outside of the lock.
    const auto surplus = idle.with([&](Handles& handles) -> std::unique_ptr<Handle> {
        if (handles.size() >= config.kept) return std::move(handle);
        handles.push_back(std::move(handle));
        return nullptr;
    });
}

Outcome Client::Impl::call(const Request& request, Deadline deadline) {
    const auto& origin = request.url.origin();
    if (std::find(servers.begin(), servers.end(), origin) == servers.end() || !is_valid(request))
        return NothingSent{NothingSent::Why::kInvalid};
    const auto connected = Deadline::at(std::min(
        deadline.time_point(), SteadyClock::now() + SteadyClock::duration(config.connect_timeout)
    ));
    Addresses addresses;
    if (!is_address(origin.host)) {
        auto found = resolver.resolve(origin.host, connected);
        if (!found) return NothingSent{NothingSent::Why::kLookup};
        addresses = *std::move(found);
    }
    if (connected.expired()) return NothingSent{NothingSent::Why::kConnect};
    const auto oldest = SteadyClock::now() - config.keep;
    auto handle = take(origin, oldest);
    if (handle == nullptr) handle = std::make_unique<Handle>(config);
    const bool reuse = handle->can_reuse(origin, oldest);
    auto outcome = handle->perform(request, addresses, {connected, deadline}, reuse);
    if (!handle->is_spent()) put_back(std::move(handle));
    return outcome;
}

Client::Client(ClientConfig config, Resolver& resolver, telemetry::Metrics& metrics) {
    start_curl();
    impl_ = std::make_unique<Impl>(std::move(config), resolver, metrics);
}

Client::~Client() = default;

Outcome Client::call(const Request& request, Deadline deadline) {
    const auto begun = SteadyClock::now();
    auto outcome = impl_->call(request, deadline);
    impl_->seconds.observe(std::chrono::duration<double>(SteadyClock::now() - begun).count());
    impl_->outcomes.at(outcome.index()).increment();
    return outcome;
}

}  // namespace tecnochat::http_client
