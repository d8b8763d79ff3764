// Goal: GraphClient says exactly what is known after a POST: nothing sent, accepted, refused, or in
// doubt, and never takes longer than it may. Method: a TCP server that misbehaves as told.
#include "clients/graph_client.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "tecnochat/http_client/testing/raw_server.hpp"
#include "tecnochat/testkit/eventually.hpp"

namespace tecnochat::whatsapp_connector::testing {
namespace {

using namespace std::chrono_literals;
using http_client::testing::Peer;
using http_client::testing::RawServer;
using nlohmann::json;

struct FixedToken final : TokenSource {
    Result<Secret> token(const std::string&) override {
        if (missing) return make_error(ErrorCode::kFailedPrecondition, "no token");
        return Secret("EAAtoken");
    }
    bool missing = false;
};

/// A client of the Graph API at `url`, with a token.
struct Graph {
    explicit Graph(const std::string& url) : client(config(url), token, resolver, metrics) {}

    static GraphClient::Config config(const std::string& url) {
        return {url, "v23.0", 300ms, 500ms};
    }

    FixedToken token;
    http_client::CachingResolver resolver;
    telemetry::Metrics metrics;
    GraphClient client;
};

ClaimedSend text(std::string body, Recipient to = {"573001112233", ""}) {
    ClaimedSend send;
    send.phone_number_id = "106540352242922";
    send.recipient = std::move(to);
    send.body = std::move(body);
    return send;
}

std::string http(const std::string& status, const std::string& body) {
    return "HTTP/1.1 " + status +
           "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
}

const std::string kAccepted = http("200 OK", R"({"messages":[{"id":"wamid.A"}]})");

GraphAnswer send_to(const std::string& url) {
    return Graph(url).client.send_text(text("hola"), "x1:opaque");
}

GraphAnswer answer_to(std::string raw) {
    RawServer server(std::move(raw));
    return send_to(server.url());
}

json body_of(const std::string& request) {
    return json::parse(request.substr(request.find("\r\n\r\n") + 4));
}

bool has_line(const std::string& request, const std::string& line) {
    return request.find("\r\n" + line + "\r\n") != std::string::npos;
}

/// Sends `more` every 20 ms until the client has had enough. Pacing an attacker, not
/// waiting for something to happen.
RawServer::Play trickle(std::string first, std::string more) {
    return [first = std::move(first), more = std::move(more)](Peer& peer) {
        peer.read_request();
        bool there = peer.write(first);
        auto next = std::chrono::steady_clock::now();
        while (there) {
            testkit::keep_pace(next, 20ms);
            there = peer.write(more);
        }
    };
}

}  // namespace

TEST_CASE("a text is posted as Meta wants it") {
    RawServer server(kAccepted);
    Graph graph(server.url());
    auto& client = graph.client;
    const std::string words = "dijo \"sí\" \\ \U0001F950\nadiós\t</b>";
    const auto answer = client.send_text(text(words), "x1:opaque");
    REQUIRE(std::holds_alternative<Accepted>(answer));
    CHECK(std::get<Accepted>(answer).wamid == "wamid.A");
    REQUIRE(server.requests().size() == 1);
    const auto request = server.requests().front();
    CHECK(request.starts_with("POST /v23.0/106540352242922/messages HTTP/1.1\r\n"));
    CHECK(has_line(request, "Authorization: Bearer EAAtoken"));
    CHECK(has_line(request, "Content-Type: application/json"));
    CHECK(
        body_of(request) ==
        json{
            {"messaging_product", "whatsapp"},
            {"recipient_type", "individual"},
            {"to", "+573001112233"},
            {"type", "text"},
            {"text", {{"body", words}}},
            {"biz_opaque_callback_data", "x1:opaque"},
        }
    );
}

TEST_CASE("a customer known only by user id is written to by it") {
    RawServer server(kAccepted);
    Graph(server.url()).client.send_text(text("hola", {"", "CO.1349"}), "x1:o");
    const auto body = body_of(server.requests().at(0));
    CHECK(body.at("recipient") == "CO.1349");
    CHECK_FALSE(body.contains("to"));
}

TEST_CASE("words that are no UTF-8 are sent with replacement marks, not lost") {
    RawServer server(kAccepted);
    Graph(server.url())
        .client.send_text(
            text("a\xFF"
                 "b"),
            "x1:o"
        );
    CHECK(body_of(server.requests().at(0)).at("text").at("body") == "a\uFFFDb");
}

TEST_CASE("a base URL may carry a path") {
    RawServer server(kAccepted);
    Graph(server.url() + "/graph/").client.send_text(text("hola"), "x1:o");
    CHECK(server.requests().at(0).starts_with("POST /graph/v23.0/106540352242922/messages "));
}

TEST_CASE("a refused connection and a missing token have sent nothing") {
    std::string gone;
    {
        gone = RawServer(kAccepted).url();
    }
    CHECK(std::holds_alternative<NothingSent>(send_to(gone)));
    RawServer server(kAccepted);
    Graph graph(server.url());
    graph.token.missing = true;
    const auto answer = graph.client.send_text(text("hola"), "x1:o");
    CHECK(std::holds_alternative<NothingSent>(answer));
    CHECK(server.connections() == 0);
}

TEST_CASE("a connection that is cut after it was taken is in doubt") {
    SECTION("before the request was read") {
        RawServer server([](Peer&) {});
        CHECK(std::holds_alternative<Doubtful>(send_to(server.url())));
    }
    SECTION("after the request was read") {
        RawServer server([](Peer& peer) { peer.read_request(); });
        CHECK(std::holds_alternative<Doubtful>(send_to(server.url())));
        CHECK(server.requests().size() == 1);
    }
    SECTION("in the middle of the head") {
        CHECK(std::holds_alternative<Doubtful>(answer_to("HTTP/1.1 200 OK\r\nContent-Le")));
    }
    SECTION("before the promised end, though the JSON is whole") {
        const auto answer = answer_to(
            "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"messages\":[{\"id\":\"wamid.A\"}]}"
        );
        CHECK(std::holds_alternative<Doubtful>(answer));
    }
    SECTION("in the middle of a refusal") {
        const auto answer = answer_to(
            "HTTP/1.1 400 Bad Request\r\nContent-Length: 99\r\n\r\n{\"error\":{\"code\":4}}"
        );
        CHECK(std::holds_alternative<Doubtful>(answer));
    }
}

TEST_CASE("an answer that is late as a whole is in doubt at the deadline") {
    const auto begun = std::chrono::steady_clock::now();
    SECTION("silence") {
        RawServer server([](Peer& peer) { peer.wait_for_close(); });
        CHECK(std::holds_alternative<Doubtful>(send_to(server.url())));
    }
    SECTION("a head that comes byte by byte") {
        RawServer server(trickle("HTTP/1.1 200 OK\r\nX: ", "a"));
        CHECK(std::holds_alternative<Doubtful>(send_to(server.url())));
    }
    SECTION("a head without end") {
        RawServer server(trickle("HTTP/1.1 200 OK\r\n", "X: a\r\n"));
        CHECK(std::holds_alternative<Doubtful>(send_to(server.url())));
    }
    SECTION("a body that comes byte by byte") {
        RawServer server(trickle("HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", " "));
        CHECK(std::holds_alternative<Doubtful>(send_to(server.url())));
    }
    SECTION("a body without announced length, byte by byte") {
        RawServer server(trickle("HTTP/1.1 200 OK\r\n\r\n", " "));
        CHECK(std::holds_alternative<Doubtful>(send_to(server.url())));
    }
    CHECK(std::chrono::steady_clock::now() - begun < 2s);
}

TEST_CASE("only a whole answer with Meta's words is believed") {
    const auto refused =
        answer_to(http("400 Bad Request", R"({"error":{"code":131056,"error_subcode":2494100}})"));
    REQUIRE(std::holds_alternative<Refused>(refused));
    CHECK(std::get<Refused>(refused).code == 131056);
    CHECK(std::get<Refused>(refused).subcode == 2494100);
    const auto limited = answer_to(http("429 Too Many Requests", R"({"error":{"code":130429}})"));
    CHECK(std::holds_alternative<Refused>(limited));
    const auto chunked = answer_to(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        "10\r\n{\"messages\":[{\"i\r\n10\r\nd\":\"wamid.BC\"}]}\r\n0\r\n\r\n"
    );
    CHECK(std::holds_alternative<Accepted>(chunked));

    for (const std::string& raw : std::vector<std::string>{
             http("500 Internal Server Error", R"({"error":{"code":130429}})"),
             http("503 Service Unavailable", ""),
             http("200 OK", "<html>"),
             http("200 OK", R"({"success":true})"),
             http("204 No Content", ""),
             "HTTP/1.1 429 Too Many Requests\r\nContent-Length: 99\r\n\r\n<html>",
             "SSH-2.0-OpenSSH_9.2\r\n",
             std::string(100'000, 'x'),
         }) {
        INFO(raw.substr(0, 60));
        CHECK(std::holds_alternative<Doubtful>(answer_to(raw)));
    }
}

TEST_CASE("a whole refusal is believed, whoever wrote it") {
    const auto status_of = [](const std::string& raw) {
        const auto answer = answer_to(raw);
        return std::holds_alternative<Refused>(answer) ? std::get<Refused>(answer).cause() : 0;
    };
    CHECK(status_of(http("404 Not Found", "<html>not here")) == 404);
    CHECK(status_of(http("429 Too Many Requests", "<html>")) == 429);
    CHECK(
        status_of("HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n") == 302
    );
}

TEST_CASE("an answer that is too large is in doubt and not swallowed") {
    const std::string filler(10'000'000, ' ');
    CHECK(std::holds_alternative<Doubtful>(
        answer_to(http("200 OK", R"({"messages":[{"id":"wamid.A"}])" + filler + "}"))
    ));
    CHECK(std::holds_alternative<Doubtful>(
        answer_to("HTTP/1.1 200 OK\r\n\r\n{\"messages\":[{\"id\":\"wamid.A\"}]" + filler + "}")
    ));
}

TEST_CASE("a redirect is not followed: that would be a second post") {
    RawServer server(
        "HTTP/1.1 307 Temporary Redirect\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n"
    );
    CHECK(std::holds_alternative<Refused>(send_to(server.url())));
    CHECK(server.connections() == 1);
}

TEST_CASE("a read receipt names the message, with typing only where it is asked for") {
    RawServer server(http("200 OK", R"({"success":true})"));
    Graph graph(server.url());
    auto& client = graph.client;
    CHECK(client.mark_read("106540352242922", "wamid.IN", true));
    CHECK(client.mark_read("106540352242922", "wamid.IN", false));
    REQUIRE(server.requests().size() == 2);
    const json plain{
        {"messaging_product", "whatsapp"}, {"status", "read"}, {"message_id", "wamid.IN"}
    };
    auto typing = plain;
    typing["typing_indicator"] = {{"type", "text"}};
    CHECK(body_of(server.requests()[0]) == typing);
    CHECK(body_of(server.requests()[1]) == plain);
}

namespace {

const std::string kTaken = http("200 OK", R"({"success":true})");

/// Takes one request on the first connection and answers it, then has the connection gone the way
/// the test says. Every further connection takes one request.
class FirstConnectionEnds {
 public:
    enum class How {
        kAtRest,             // closed while the client keeps it
        kUponRequest,        // closed when the next request has come
        kInMidstOfTheAnswer  // closed within the next answer's head
    };
    FirstConnectionEnds(How how, std::string later_answer)
        : how_(how), later_answer_(std::move(later_answer)) {}

    void wait_until_closed() const { closed_.wait(false); }

 private:
    void play(Peer& peer) {
        peer.read_request();
        if (peer.number() == 1) {
            peer.write(kTaken);
            if (how_ != How::kAtRest) peer.read_request();
            if (how_ == How::kInMidstOfTheAnswer) peer.write(kTaken.substr(0, 30));
            peer.close();
            closed_ = true;
            closed_.notify_all();
        } else {
            peer.write(later_answer_);
        }
    }

    How how_;
    std::string later_answer_;
    std::atomic<bool> closed_{false};

 public:
    // Last: its thread uses the others.
    RawServer server{[this](Peer& peer) { play(peer); }};
};

}  // namespace

TEST_CASE("sends and receipts share a connection while it is young") {
    RawServer server([](Peer& peer) {
        for (const auto& answer : {kAccepted, kTaken, kAccepted, kTaken}) {
            peer.read_request();
            peer.write(answer);
        }
    });
    Graph graph(server.url());
    for (int i = 0; i < 2; ++i) {
        CHECK(std::holds_alternative<Accepted>(graph.client.send_text(text("hola"), "x1:o")));
        CHECK(graph.client.mark_read("1", "wamid.IN", false));
    }
    CHECK(server.connections() == 1);
}

TEST_CASE("a kept connection that Meta closed meanwhile costs no receipt") {
    using How = FirstConnectionEnds::How;
    const auto how = GENERATE(How::kAtRest, How::kUponRequest, How::kInMidstOfTheAnswer);
    FirstConnectionEnds meta(how, kTaken);
    Graph graph(meta.server.url());
    auto& client = graph.client;
    REQUIRE(client.mark_read("1", "wamid.1", false));
    if (how == How::kAtRest) meta.wait_until_closed();
    CHECK(client.mark_read("1", "wamid.2", false));
    CHECK(meta.server.connections() == 2);
    // Where Meta may have taken it, it was asked again: a receipt may be repeated.
    const auto requests = meta.server.requests();
    REQUIRE(requests.size() == (how == How::kAtRest ? 2 : 3));
    CHECK(body_of(requests.back()).at("message_id") == "wamid.2");
}

TEST_CASE("a text on a kept connection is posted once, however that connection ends") {
    using How = FirstConnectionEnds::How;
    const auto how = GENERATE(How::kAtRest, How::kUponRequest, How::kInMidstOfTheAnswer);
    FirstConnectionEnds meta(how, kAccepted);
    Graph graph(meta.server.url());
    REQUIRE(graph.client.mark_read("1", "wamid.1", false));
    if (how == How::kAtRest) meta.wait_until_closed();
    const auto answer = graph.client.send_text(text("hola"), "x1:o");
    CHECK(meta.server.requests().size() == 2);
    if (how == How::kAtRest)
        CHECK(std::holds_alternative<Accepted>(answer));
    else
        CHECK(std::holds_alternative<Doubtful>(answer));
}

TEST_CASE("an id from outside changes no path, and a path that it cannot stand in is not called") {
    RawServer server(kAccepted);
    auto send = text("hola");
    send.phone_number_id = "../1?a#b\r\n";
    CHECK(std::holds_alternative<Accepted>(Graph(server.url()).client.send_text(send, "x1:o")));
    CHECK(server.requests().at(0).starts_with("POST /v23.0/..%2F1%3Fa%23b%0D%0A/messages "));
    for (const auto* id : {"", ".", ".."}) {
        send.phone_number_id = id;
        const auto answer = Graph(server.url()).client.send_text(send, "x1:o");
        CHECK(std::holds_alternative<NothingSent>(answer));
    }
    CHECK(server.connections() == 1);
}

TEST_CASE("with Meta gone a kept connection changes nothing: a text has sent nothing") {
    auto server = std::make_unique<RawServer>(kTaken);
    Graph graph(server->url());
    auto& client = graph.client;
    REQUIRE(client.mark_read("1", "wamid.1", false));
    server.reset();
    CHECK(std::holds_alternative<NothingSent>(client.send_text(text("hola"), "x1:o")));
    CHECK_FALSE(client.mark_read("1", "wamid.2", false));
}

TEST_CASE("a read receipt that was not taken is an error") {
    RawServer server(http("400 Bad Request", R"({"error":{"code":100}})"));
    CHECK_FALSE(Graph(server.url()).client.mark_read("1", "wamid.IN", false));
}

}  // namespace tecnochat::whatsapp_connector::testing
