// Goal: a call sends its request as it was given, to allowed servers only, and says what came back.
#include <atomic>
#include <catch2/catch.hpp>

#include "fixture.hpp"
#include "tecnochat/testkit/environment.hpp"
#include "tecnochat/testkit/eventually.hpp"

namespace tecnochat::http_client::testing {
namespace {

Outcome answer_to(std::string raw, ClientConfig config = {}) {
    RawServer server(std::move(raw));
    Calls calls({server.url()}, std::move(config));
    return calls.call(Calls::post(server.url()));
}

bool has_line(const std::string& request, const std::string& line) {
    return request.find("\r\n" + line + "\r\n") != std::string::npos;
}

RawServer::Play repeat(std::string answer) {
    return [answer = std::move(answer)](Peer& peer) {
        while (peer.read_request() && peer.write(answer)) {
        }
    };
}

}  // namespace

TEST_CASE("a request is sent as it was given") {
    RawServer server(http("200 OK", "hello"));
    Calls calls({server.url()});
    auto request = Calls::post(server.url(), "dijo \"sí\"");
    request.headers.push_back({"Authorization", "Bearer abc"});
    const auto outcome = calls.call(request);
    REQUIRE(status_of(outcome) == 200);
    CHECK(std::get<Answer>(outcome).body == "hello");
    REQUIRE(server.requests().size() == 1);
    const auto sent = server.requests().front();
    CHECK(sent.starts_with("POST /v1/messages HTTP/1.1\r\n"));
    CHECK(sent.ends_with("\r\n\r\ndijo \"sí\""));
    CHECK(has_line(sent, "Authorization: Bearer abc"));
    CHECK(has_line(sent, "Content-Type: text/plain"));
    CHECK(sent.find("Expect") == std::string::npos);
}

TEST_CASE("every method is sent by its name, with a body where it has one") {
    const auto method = GENERATE(table<Method, std::string, bool>({
        {Method::kGet, "GET ", false},
        {Method::kPost, "POST ", true},
        {Method::kPut, "PUT ", true},
        {Method::kPatch, "PATCH ", true},
        {Method::kDelete, "DELETE ", false},
    }));
    RawServer server(http("200 OK", ""));
    Calls calls({server.url()});
    auto request = Calls::post(server.url());
    request.method = std::get<0>(method);
    CHECK(status_of(calls.call(request)) == 200);
    const auto sent = server.requests().at(0);
    CHECK(sent.starts_with(std::get<1>(method) + "/v1/messages "));
    CHECK(sent.ends_with("\r\n\r\nhola") == std::get<2>(method));
}

TEST_CASE("a body of megabytes is sent whole, without a question before") {
    RawServer server(http("200 OK", ""));
    Calls calls({server.url()});
    const std::string body(3'000'000, 'x');
    CHECK(status_of(calls.call(Calls::post(server.url(), body))) == 200);
    CHECK(server.requests().at(0).ends_with(body));
}

TEST_CASE("an empty body is a body") {
    RawServer server(http("200 OK", ""));
    Calls calls({server.url()});
    CHECK(status_of(calls.call(Calls::post(server.url(), ""))) == 200);
    CHECK(has_line(server.requests().at(0), "Content-Length: 0"));
}

TEST_CASE("the fields of an answer are found by any case of letters") {
    const auto outcome = answer_to(
        "HTTP/1.1 100 Continue\r\nX-App-Usage: early\r\n\r\n"
        "HTTP/1.1 429 Too Many Requests\r\nretry-after: 7\r\nx-app-usage: {\"call_count\":100}\r\n"
        "Content-Length: 2\r\n\r\n{}"
    );
    REQUIRE(status_of(outcome) == 429);
    const auto& answer = std::get<Answer>(outcome);
    CHECK(answer.header("Retry-After") == "7");
    CHECK(answer.header("X-App-Usage") == "{\"call_count\":100}");
    CHECK(answer.header("X-Business-Use-Case-Usage").empty());
}

TEST_CASE("a whole answer is one that says how long it is") {
    CHECK(
        status_of(answer_to("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                            "3\r\nabc\r\n0\r\n\r\n")) == 200
    );
    CHECK(status_of(answer_to("HTTP/1.1 204 No Content\r\n\r\n")) == 204);
    CHECK(status_of(answer_to(http("500 Internal Server Error", "no"))) == 500);
    CHECK(is_doubtful(answer_to("HTTP/1.1 200 OK\r\n\r\nabc"), Doubtful::Why::kUnframed));
    for (const auto* raw :
         {"",
          "HTTP/1.1 200 OK\r\nContent-Le",
          "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n",
          "HTTP/1.1 204 No Content\r\n",
          "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"}) {
        INFO(raw);
        CHECK(is_doubtful(answer_to(raw), Doubtful::Why::kCut));
    }
    CHECK(is_doubtful(answer_to("SSH-2.0-OpenSSH_9.2\r\n"), Doubtful::Why::kUnreadable));
}

TEST_CASE("an answer beyond the limit is in doubt and not swallowed") {
    const ClientConfig small{.answer_bytes = 1000, .head_bytes = 1000};
    const auto body = std::string(1000, 'x');
    CHECK(status_of(answer_to(http("200 OK", body), small)) == 200);
    for (const auto& raw :
         {http("200 OK", body + "x"),
          "HTTP/1.1 200 OK\r\n\r\n" + std::string(10'000'000, 'x'),
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n" + body + "x\r\n0\r\n\r\n",
          "HTTP/1.1 200 OK\r\nX: " + body + "\r\nContent-Length: 0\r\n\r\n"}) {
        INFO(raw.substr(0, 60));
        CHECK(is_doubtful(answer_to(raw, small), Doubtful::Why::kTooLarge));
    }
}

TEST_CASE("a redirect and a demand for authentication are answers, nothing is sent again") {
    for (const auto* status :
         {"301 Moved Permanently\r\nLocation: /again",
          "307 Temporary Redirect\r\nLocation: /again",
          "401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"",
          "417 Expectation Failed"}) {
        INFO(status);
        RawServer server(repeat(http(status, "")));
        Calls calls({server.url()});
        CHECK(status_of(calls.call(Calls::post(server.url()))) == std::stoi(status));
        CHECK(server.requests().size() == 1);
    }
}

TEST_CASE("an answer that comes before the whole request is an answer") {
    RawServer server([](Peer& peer) {
        peer.read_head();
        peer.write(http("413 Content Too Large", ""));
        peer.wait_for_close();
    });
    Calls calls({server.url()});
    CHECK(status_of(calls.call(Calls::post(server.url(), std::string(20'000'000, 'x')))) == 413);
}

TEST_CASE("servers outside of the allow-list see nothing") {
    RawServer allowed(http("200 OK", ""));
    RawServer other(http("200 OK", ""));
    Calls calls({allowed.url()});
    CHECK(is_nothing_sent(calls.call(Calls::post(other.url())), NothingSent::Why::kInvalid));
    CHECK(other.connections() == 0);
    CHECK_THROWS_AS(Calls({"http://graph.facebook.com"}), std::invalid_argument);
    CHECK_THROWS_AS(Calls({"graph.facebook.com"}), std::invalid_argument);
}

TEST_CASE("a header with a line end is not sent") {
    RawServer server(http("200 OK", ""));
    Calls calls({server.url()});
    auto request = Calls::post(server.url());
    request.headers.push_back({"Authorization", "Bearer a\r\nX-Injected: 1"});
    CHECK(is_nothing_sent(calls.call(request), NothingSent::Why::kInvalid));
    CHECK(server.connections() == 0);
}

TEST_CASE("a proxy of the environment is not used") {
    RawServer proxy(http("200 OK", "proxy"));
    const testkit::ScopedEnvironment environment{
        {"http_proxy", proxy.url()}, {"all_proxy", proxy.url()}, {"no_proxy", "nothing"}
    };
    const auto outcome = answer_to(http("200 OK", "server"));
    REQUIRE(status_of(outcome) == 200);
    CHECK(std::get<Answer>(outcome).body == "server");
    CHECK(proxy.connections() == 0);
}

TEST_CASE("the hook is called when the server may have all, and nothing of the answer is read") {
    std::atomic<bool> read{false};
    std::atomic<bool> answer{false};
    RawServer server([&](Peer& peer) {
        if (!peer.read_request()) return;
        read = true;
        answer.wait(false);
        peer.write(http("200 OK", ""));
    });
    Calls calls({server.url()});
    auto request = Calls::post(server.url(), std::string(2'000'000, 'x'));
    request.method = GENERATE(Method::kPost, Method::kGet);
    int written = 0;
    bool all_there = false;
    request.written = [&] {
        ++written;
        // The server waits for this: no answer has been sent, so none can have been read.
        all_there = testkit::eventually(std::chrono::seconds(10), [&] { return read.load(); });
        answer = true;
        answer.notify_all();
    };
    const auto outcome = calls.call(request, Milliseconds(20'000));
    CHECK(status_of(outcome) == 200);
    CHECK(written == 1);
    CHECK(all_there);
}

TEST_CASE("the hook is not called for a request that did not leave whole") {
    RawServer server([](Peer& peer) {
        peer.read_head();
        peer.reset();
    });
    Calls calls({server.url()});
    auto request = Calls::post(server.url(), std::string(20'000'000, 'x'));
    int written = 0;
    request.written = [&] { ++written; };
    CHECK(is_doubtful(calls.call(request), Doubtful::Why::kCut));
    CHECK(written == 0);
}

TEST_CASE("calls are counted by client and outcome, and measured") {
    RawServer server(http("200 OK", ""));
    Calls calls({server.url()});
    calls.call(Calls::post(server.url()));
    calls.call(Calls::post("http://127.0.0.1:1"));
    const auto text = calls.metrics.serialize();
    const auto has = [&](const std::string& line) { return text.find(line) != std::string::npos; };
    CHECK(has(R"(tecnochat_http_client_calls_total{client="test",outcome="answered"} 1)"));
    CHECK(has(R"(tecnochat_http_client_calls_total{client="test",outcome="nothing_sent"} 1)"));
    CHECK(has(R"(tecnochat_http_client_calls_total{client="test",outcome="doubtful"} 0)"));
    CHECK(has(R"(tecnochat_http_client_call_seconds_count{client="test"} 2)"));
}

}  // namespace tecnochat::http_client::testing
