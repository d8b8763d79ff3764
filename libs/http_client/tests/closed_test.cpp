// Goal: whenever a server closes a connection, new or kept, plain or TLS, a call sends its request
// at most once and says rightly what is known. Method: a server that closes at every moment.
#include <atomic>
#include <catch2/catch.hpp>
#include <optional>

#include "fixture.hpp"
#include "tecnochat/testkit/certificates.hpp"
#include "tecnochat/testkit/eventually.hpp"

namespace tecnochat::http_client::testing {
namespace {

using namespace std::chrono_literals;

enum class Moment {
    kBeforeRequest,  // once the client has begun, before anything is read
    kAfterHead,
    kAfterBody,
    kInStatusLine,
    kInAnswerBody,
    kAfterAnswer,
};
enum class End { kClose, kReset };

const config::TlsFiles& tls_files() {
    static testkit::TestCertificates certificates;
    static const auto files = [] {
        certificates.make_ca("public");
        return certificates.issue("server", "DNS:localhost", "public", "public");
    }();
    return files;
}

/// Answers `before` requests on the first connection, then ends it at the moment. Counts every
/// request of which it saw anything, on whichever connection.
struct ClosingServer {
    ClosingServer(bool tls, Moment moment_, End end_, int before_)
        : moment(moment_), end(end_), before(before_) {
        const auto play = [this](Peer& peer) { serve(peer); };
        if (tls)
            server.emplace(tls_files(), play);
        else
            server.emplace(play);
    }

    void serve(Peer& peer) {
        for (int i = 0; i < before && peer.number() == 1; ++i) {
            if (!peer.read_request() || !peer.write(http("200 OK", "before"))) return;
        }
        if (moment == Moment::kBeforeRequest) {
            may_end.wait(false);
        } else {
            const auto seen = moment == Moment::kAfterHead ? peer.read_head() : whole(peer);
            if (seen.empty()) return;
            ++attempts;
            if (moment == Moment::kInStatusLine) peer.write("HTTP/1.");
            if (moment == Moment::kInAnswerBody)
                peer.write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc");
            if (moment == Moment::kAfterAnswer) peer.write(http("200 OK", "after"));
        }
        end == End::kClose ? peer.close() : peer.reset();
        ended = true;
    }
    static std::string whole(Peer& peer) { return peer.read_request() ? "whole" : ""; }

    Moment moment;
    End end;
    int before;
    std::atomic<bool> may_end{false};
    std::atomic<bool> ended{false};
    std::atomic<int> attempts{0};
    std::optional<RawServer> server;  // last: its threads use the others
};

}  // namespace

TEST_CASE("whenever a server closes, a request is sent once and its outcome is told") {
    const bool tls = GENERATE(true, false);
    const auto moment = GENERATE(
        Moment::kBeforeRequest,
        Moment::kAfterHead,
        Moment::kAfterBody,
        Moment::kInStatusLine,
        Moment::kInAnswerBody,
        Moment::kAfterAnswer
    );
    const auto end = GENERATE(End::kClose, End::kReset);
    const int before = GENERATE(0, 1, 3);  // 0: a new connection; else a kept one
    const auto method = GENERATE(Method::kPost, Method::kGet);
    // Large enough that the kernel does not take all of it at once.
    const std::size_t body = GENERATE(std::size_t{4}, std::size_t{8'000'000});
    CAPTURE(tls, static_cast<int>(moment), end == End::kReset, before, static_cast<int>(method));
    CAPTURE(body);
    if (method == Method::kGet && body > 4) return;

    ClosingServer closing(tls, moment, end, before);
    const auto url = closing.server->url();
    RawServer next(http("200 OK", "next"));
    Calls calls({url, next.url()}, {.ca_file = tls_files().ca});
    for (int i = 0; i < before; ++i) REQUIRE(status_of(calls.call(Calls::post(url))) == 200);
    REQUIRE(closing.server->connections() == (before > 0 ? 1 : 0));

    auto request = Calls::post(url, std::string(body, 'x'));
    request.method = method;
    request.written = [&] {
        // Small requests are with the kernel before the server ends the connection.
        closing.may_end = true;
        closing.may_end.notify_all();
    };
    if (body > 4) {
        closing.may_end = true;
        closing.may_end.notify_all();
    }
    const auto outcome = calls.call(request);

    CHECK(closing.attempts <= 1);
    CHECK(closing.server->requests().size() <= static_cast<std::size_t>(before) + 1);
    // A reset may overtake the last answer; where that was read, it is whole.
    const bool answered = status_of(outcome) == 200;
    if (answered) {
        CHECK(moment == Moment::kAfterAnswer);
        CHECK(std::get<Answer>(outcome).body == "after");
    }
    if (std::holds_alternative<NothingSent>(outcome)) {
        CHECK(moment == Moment::kBeforeRequest);
        CHECK(closing.attempts == 0);
    } else if (!answered) {
        CHECK(is_doubtful(outcome, Doubtful::Why::kCut));
    }
    if (moment == Moment::kAfterAnswer && end == End::kClose) CHECK(answered);
    // Nobody tried again on another connection.
    if (moment != Moment::kBeforeRequest || body == 4) CHECK(closing.server->connections() == 1);
    // Nothing of it is left for the next call.
    CHECK(status_of(calls.call(Calls::post(next.url()))) == 200);
}

TEST_CASE("a kept connection that was closed at rest is not used: the next call connects anew") {
    const bool tls = GENERATE(true, false);
    const auto end = GENERATE(End::kClose, End::kReset);
    CAPTURE(tls, end == End::kReset);
    std::atomic<bool> ended{false};
    const auto play = [&](Peer& peer) {
        while (peer.read_request()) {
            peer.write(http("200 OK", ""));
            if (peer.number() > 1) continue;
            end == End::kClose ? peer.close() : peer.reset();
            ended = true;
            return;
        }
    };
    std::optional<RawServer> server;
    tls ? server.emplace(tls_files(), play) : server.emplace(play);
    Calls calls({server->url()}, {.ca_file = tls_files().ca});
    // A reset may come before the answer is read.
    const auto first = calls.call(Calls::post(server->url(), "first"));
    CHECK((status_of(first) == 200 || end == End::kReset));
    REQUIRE(testkit::eventually(5s, [&] { return ended.load(); }));
    CHECK(status_of(calls.call(Calls::post(server->url(), "second"))) == 200);
    CHECK(status_of(calls.call(Calls::post(server->url(), "third"))) == 200);
    CHECK(server->connections() == 2);
    CHECK(server->requests().size() == 3);
}

TEST_CASE("an answer that nobody asked for is nobody's answer") {
    RawServer server([](Peer& peer) {
        while (peer.read_request()) {
            const auto own = http("200 OK", std::to_string(peer.number()));
            peer.write(peer.number() == 1 ? own + http("200 OK", "forged") : own);
        }
    });
    Calls calls({server.url()});
    const auto first = calls.call(Calls::post(server.url()));
    // With the forged one behind it in one read, or by itself later.
    CHECK((status_of(first) == 200 || std::holds_alternative<Doubtful>(first)));
    for (int i = 0; i < 3; ++i) {
        const auto outcome = calls.call(Calls::post(server.url()));
        REQUIRE(status_of(outcome) == 200);
        CHECK(std::get<Answer>(outcome).body == "2");
    }
}

TEST_CASE("a connection is used again while it is young, and not later") {
    RawServer server([](Peer& peer) {
        while (peer.read_request()) peer.write(http("200 OK", ""));
    });
    SECTION("young") {
        Calls calls({server.url()});
        for (int i = 0; i < 5; ++i) CHECK(status_of(calls.call(Calls::post(server.url()))) == 200);
        CHECK(server.connections() == 1);
    }
    SECTION("older") {
        Calls calls({server.url()}, {.keep = 0ms});
        for (int i = 0; i < 5; ++i) CHECK(status_of(calls.call(Calls::post(server.url()))) == 200);
        CHECK(server.connections() == 5);
    }
    CHECK(server.requests().size() == 5);
}

TEST_CASE("a connection serves its own server only") {
    const auto play = [](Peer& peer) {
        while (peer.read_request()) peer.write(http("200 OK", ""));
    };
    RawServer one(play);
    RawServer other(play);
    Calls calls({one.url(), other.url()});
    for (const auto& url : {one.url(), other.url(), one.url(), other.url()})
        CHECK(status_of(calls.call(Calls::post(url))) == 200);
    CHECK(one.requests().size() == 2);
    CHECK(other.requests().size() == 2);
}

}  // namespace tecnochat::http_client::testing
