// Goal: a deadline holds for each part of a call, and what stalls one call delays no other.
// Method: servers and name lookups that stall, alone and among a hundred calls at once.
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <catch2/catch.hpp>
#include <future>
#include <memory>
#include <set>
#include <vector>

#include "fixture.hpp"
#include "tecnochat/testkit/certificates.hpp"
#include "tecnochat/testkit/eventually.hpp"

namespace tecnochat::http_client::testing {
namespace {

using namespace std::chrono_literals;
using SteadyClock = std::chrono::steady_clock;

/// Sends `more` every 20 ms until the client has had enough. Pacing an attacker, not waiting for
/// something to happen.
RawServer::Play trickle(std::string first, std::string more) {
    return [first = std::move(first), more = std::move(more)](Peer& peer) {
        peer.read_request();
        bool there = peer.write(first);
        auto next = SteadyClock::now();
        while (there) {
            testkit::keep_pace(next, 20ms);
            there = peer.write(more);
        }
    };
}

void answer_all(Peer& peer) {
    while (peer.read_request() && peer.write(http("200 OK", ""))) {
    }
}

/// Gives 127.0.0.1 for every name; the names "slow…" once they are released.
struct Names {
    Result<Addresses> look_up(const std::string& host) {
        if (host.starts_with("slow")) released.wait(false);
        return Addresses{"127.0.0.1"};
    }
    void release() {
        released = true;
        released.notify_all();
    }
    std::atomic<bool> released{false};
};

struct NamedCalls {
    NamedCalls(std::vector<std::string> servers, ClientConfig config)
        : resolver({}, [names = names](const std::string& host) { return names->look_up(host); }),
          client(Calls::with(std::move(config), std::move(servers)), resolver, metrics) {}
    ~NamedCalls() { names->release(); }
    NamedCalls(const NamedCalls&) = delete;
    NamedCalls& operator=(const NamedCalls&) = delete;

    std::shared_ptr<Names> names = std::make_shared<Names>();
    telemetry::Metrics metrics;
    CachingResolver resolver;
    Client client;
};

/// The address of a plain server as if it spoke TLS.
std::string https(const RawServer& server, const std::string& host) {
    return "https://" + host + server.url().substr(server.url().rfind(':'));
}

}  // namespace

TEST_CASE("a call ends at its deadline, whatever part of the answer is late") {
    const auto play = GENERATE(
        as<RawServer::Play>{},
        [](Peer& peer) { peer.wait_for_close(); },
        trickle("HTTP/1.1 200 OK\r\nX: ", "a"),
        trickle("HTTP/1.1 200 OK\r\n", "X: a\r\n"),
        trickle("HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\n"),
        trickle("HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", " "),
        trickle("HTTP/1.1 200 OK\r\n\r\n", " ")
    );
    RawServer server(play);
    Calls calls({server.url()});
    const auto begun = SteadyClock::now();
    const auto outcome = calls.call(Calls::post(server.url()), 300ms);
    const auto took = SteadyClock::now() - begun;
    CHECK(is_doubtful(outcome, Doubtful::Why::kDeadline));
    CHECK(took >= 290ms);
    CHECK(took < 1s);
}

TEST_CASE("a server that does not read ends a call at its deadline") {
    RawServer server([](Peer& peer) {
        peer.read_head();
        std::atomic<bool> never{false};
        testkit::eventually(2s, [&] { return never.load(); });
    });
    Calls calls({server.url()});
    const auto outcome = calls.call(Calls::post(server.url(), std::string(30'000'000, 'x')), 300ms);
    CHECK(is_doubtful(outcome, Doubtful::Why::kDeadline));
}

TEST_CASE("lookup, connection and handshake have a limit together, after which nothing was sent") {
    NamedCalls calls({"https://slow.example"}, {.connect_timeout = 200ms});
    const auto begun = SteadyClock::now();
    CHECK(is_nothing_sent(
        calls.client.call(Calls::post("https://slow.example"), Deadline::after(10s)),
        NothingSent::Why::kLookup
    ));
    RawServer silent([](Peer& peer) { peer.wait_for_close(); });
    const auto url = https(silent, "localhost");
    Calls direct({url}, {.connect_timeout = 200ms});
    CHECK(is_nothing_sent(direct.call(Calls::post(url), 10s), NothingSent::Why::kConnect));
    CHECK(is_nothing_sent(direct.call(Calls::post(url), 0ms), NothingSent::Why::kConnect));
    CHECK(SteadyClock::now() - begun < 2s);
}

TEST_CASE("a refused connection has sent nothing") {
    std::string gone;
    {
        gone = RawServer(http("200 OK", "")).url();
    }
    Calls calls({gone});
    CHECK(is_nothing_sent(calls.call(Calls::post(gone)), NothingSent::Why::kConnect));
}

TEST_CASE("the resolver's addresses are used, and newer ones once the old are of no use") {
    telemetry::Metrics metrics;
    std::atomic<int> lookups{0};
    CachingResolver resolver({.fresh = 0ms, .usable = 0ms}, [&](const std::string&) {
        return Addresses{++lookups == 1 ? "127.0.0.9" : "127.0.0.1"};
    });
    testkit::TestCertificates certificates;
    certificates.make_ca("public");
    RawServer named(certificates.issue("a", "DNS:a.example", "public", "public"), answer_all);
    const auto url = named.url("a.example");
    Client client(
        Calls::with({.ca_file = certificates.path("public.pem"), .keep = 0ms}, {url}),
        resolver,
        metrics
    );
    CHECK(is_nothing_sent(
        client.call(Calls::post(url), Deadline::after(5s)), NothingSent::Why::kConnect
    ));
    CHECK(status_of(client.call(Calls::post(url), Deadline::after(5s))) == 200);
    CHECK(status_of(client.call(Calls::post(url), Deadline::after(5s))) == 200);
    CHECK(lookups == 3);
}

TEST_CASE("a hundred calls at once: what stalls one delays none, and no request comes twice") {
    testkit::TestCertificates certificates;
    certificates.make_ca("public");
    const auto files = certificates.issue(
        "server", "DNS:localhost,DNS:slow.example,DNS:a.example", "public", "public"
    );
    constexpr auto kStalled = 5s;
    // Every tenth connection closes at rest after an answer; the others go on.
    RawServer good(files, [](Peer& peer) {
        while (peer.read_request()) {
            peer.write(http("200 OK", ""));
            if (peer.number() % 10 == 0) return;
        }
    });
    RawServer half(files, [](Peer& peer) {
        if (peer.read_request()) peer.write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc");
        peer.wait_for_close();
    });
    RawServer no_handshake([](Peer& peer) { peer.wait_for_close(); });
    const auto good_url = good.url("a.example");
    const std::vector<std::string> stalling{
        good.url("slow.example"), half.url("a.example"), https(no_handshake, "a.example")
    };
    auto servers = stalling;
    servers.push_back(good_url);
    NamedCalls calls(servers, {.ca_file = certificates.path("public.pem"), .connect_timeout = 20s});

    const auto deadline = Deadline::after(kStalled);
    std::vector<std::future<Outcome>> stalled;
    for (const auto& url : stalling) {
        stalled.push_back(std::async(std::launch::async, [&calls, url, deadline] {
            return calls.client.call(Calls::post(url, "stalled"), deadline);
        }));
    }
    std::atomic<int> answered{0};
    std::atomic<int> doubtful{0};
    std::atomic<int> made{0};
    std::vector<std::future<void>> workers;
    for (int worker = 0; worker < 100; ++worker) {
        workers.push_back(std::async(std::launch::async, [&, worker] {
            for (int i = 0; i < 5; ++i) {
                const auto id = std::to_string(worker) + "-" + std::to_string(i) + ".";
                const auto outcome =
                    calls.client.call(Calls::post(good_url, id), Deadline::after(60s));
                ++made;
                answered += status_of(outcome) == 200 ? 1 : 0;
                doubtful += std::holds_alternative<Doubtful>(outcome) ? 1 : 0;
            }
        }));
    }
    for (auto& worker : workers) worker.get();
    CHECK_FALSE(deadline.expired());
    CHECK(made == 500);
    // A connection may close just as a request is on its way: rare, and never sent again.
    CHECK(answered >= 450);
    CHECK(answered + doubtful == 500);

    CHECK(is_nothing_sent(stalled[0].get(), NothingSent::Why::kLookup));
    CHECK(is_doubtful(stalled[1].get(), Doubtful::Why::kDeadline));
    CHECK(is_nothing_sent(stalled[2].get(), NothingSent::Why::kConnect));
    std::set<std::string> seen;
    for (const auto& request : good.requests()) CHECK(seen.insert(request).second);
    CHECK(half.requests().size() == 1);
}

}  // namespace tecnochat::http_client::testing
