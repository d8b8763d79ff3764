// The whole simulator on free ports, driven over HTTP as the connector, the tests and a browser do,
// with a webhook receiver of our own on the other side.

#include <httplib.h>

#include <catch2/catch.hpp>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "app.hpp"
#include "fakes.hpp"

using namespace tecnochat;
using namespace tecnochat::meta_simulator;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

const std::string kMe = "573001112233";
const std::string kThread = "/sim/numbers/20001/customers/" + kMe;

/// Plays webhook-ingress: keeps what arrives and answers what the test wants.
class Receiver {
 public:
    struct Arrived {
        std::string body;
        std::string signature;
    };

    Receiver() {
        server_.Post("/hook", [this](const httplib::Request& request, httplib::Response& response) {
            const std::scoped_lock lock(mutex_);
            arrived_.push_back({request.body, request.get_header_value("X-Hub-Signature-256")});
            if (!answers_.empty()) {
                response.status = answers_.front();
                answers_.pop_front();
            }
            changed_.notify_all();
        });
        server_.Get("/hook", [](const httplib::Request& request, httplib::Response& response) {
            if (request.get_param_value("hub.verify_token") != "verify") {
                response.status = 403;
                return;
            }
            response.set_content(request.get_param_value("hub.challenge"), "text/plain");
        });
        // The library takes the bare pointer over.
        // NOLINTNEXTLINE(cppcoreguidelines-owning-memory)
        server_.new_task_queue = [] { return new httplib::ThreadPool(8); };
        port_ = server_.bind_to_any_port("127.0.0.1");
        thread_ = std::jthread([this] { server_.listen_after_bind(); });
    }
    ~Receiver() { server_.stop(); }

    [[nodiscard]] int port() const { return port_; }
    void answer_next(std::deque<int> statuses) {
        const std::scoped_lock lock(mutex_);
        answers_ = std::move(statuses);
    }
    std::vector<Arrived> wait_for(std::size_t count) {
        std::unique_lock lock(mutex_);
        REQUIRE(changed_.wait_for(lock, 10s, [&] { return arrived_.size() >= count; }));
        return arrived_;
    }

 private:
    httplib::Server server_;
    int port_ = 0;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<Arrived> arrived_;
    std::deque<int> answers_;
    std::jthread thread_;
};

/// A router with one handed-over conversation, until it is released.
class FakeRouter final : public RouterClient {
 public:
    Result<std::set<std::string>> handed_over(Deadline) override {
        const std::scoped_lock lock(mutex_);
        return keys_;
    }
    Status release(const Thread& thread, Deadline) override {
        const std::scoped_lock lock(mutex_);
        if (keys_.erase(thread.key()) == 0) return make_error(ErrorCode::kNotFound, "unknown");
        return ok();
    }

 private:
    std::mutex mutex_;
    std::set<std::string> keys_{"20001|" + kMe};
};

struct Fixture {
    Receiver receiver;
    App app{config(receiver.port()), std::make_unique<FakeRouter>()};

    static Config config(int webhook_port) {
        Config config;
        config.simulator_listen = {"127.0.0.1", 0};
        config.phone_listen = {"127.0.0.1", 0};
        config.webhook_url = {"127.0.0.1", webhook_port, "/hook"};
        config.app_secret = Secret("secret");
        config.verify_token = Secret("verify");
        config.token = Secret("token");
        config.webhook_lanes = 4;
        config.numbers.push_back({cafe(), "tenant"});
        return config;
    }

    static json call(int port, const std::string& path, const json& body, int expected = 200) {
        httplib::Client client("127.0.0.1", port);
        client.set_read_timeout(30s);
        const auto answer =
            body.is_null() ? client.Get(path) : client.Post(path, body.dump(), "application/json");
        REQUIRE(answer);
        INFO(answer->body);
        REQUIRE(answer->status == expected);
        return json::parse(answer->body);
    }
    json sim(const std::string& path, const json& body = nullptr, int expected = 200) {
        return call(app.graph_port(), path, body, expected);
    }
    json phone(const std::string& path, const json& body = nullptr, int expected = 200) {
        return call(app.phone_port(), path, body, expected);
    }

    httplib::Result graph(const json& body, const std::string& token = "token") {
        httplib::Client client("127.0.0.1", app.graph_port());
        client.set_bearer_token_auth(token);
        return client.Post("/v26.0/20001/messages", body.dump(), "application/json");
    }
    static json text(const std::string& body, const std::string& opaque = "op-1") {
        return {
            {"messaging_product", "whatsapp"},
            {"recipient_type", "individual"},
            {"to", "+" + kMe},
            {"type", "text"},
            {"text", {{"body", body}}},
            {"biz_opaque_callback_data", opaque},
        };
    }
    void open_window() {
        sim(kThread + "/messages", {{"text", "hola"}});
        receiver.wait_for(1);
    }
    std::size_t count = 0;  // webhooks a test expects so far
    json outcomes() { return sim("/sim/requests/counters")["by_outcome"]; }
};

json only_status(const Receiver::Arrived& arrived) {
    return json::parse(arrived.body)["entry"][0]["changes"][0]["value"]["statuses"][0];
}

}  // namespace

TEST_CASE_METHOD(Fixture, "a customer's message arrives signed over the escaped bytes") {
    const auto sent = sim(kThread + "/messages", {{"text", "¿abren el sábado? 😀 / sí"}});
    const auto arrived = receiver.wait_for(1)[0];
    CHECK(arrived.signature == signature_header("secret", arrived.body));
    CHECK(arrived.body.find("s\\u00e1bado? \\ud83d\\ude00 \\/") != std::string::npos);
    const auto message =
        json::parse(arrived.body)["entry"][0]["changes"][0]["value"]["messages"][0];
    CHECK(message["id"] == sent["wamid"]);
    CHECK(message["text"]["body"] == "¿abren el sábado? 😀 / sí");

    sim("/sim/settings", {{"escaped_unicode", false}});
    sim(kThread + "/messages", {{"text", "sábado"}});
    CHECK(receiver.wait_for(2)[1].body.find("sábado") != std::string::npos);
}

TEST_CASE_METHOD(Fixture, "a send is accepted and its statuses echo the opaque value") {
    open_window();
    const auto answer = graph(text("Abrimos a las 8"));
    REQUIRE(answer);
    REQUIRE(answer->status == 200);
    const auto body = json::parse(answer->body);
    CHECK(body["contacts"][0]["wa_id"] == kMe);
    CHECK(answer->has_header("X-Business-Use-Case-Usage"));
    const auto arrived = receiver.wait_for(3);
    CHECK(only_status(arrived[1])["status"] == "sent");
    CHECK(only_status(arrived[2])["status"] == "delivered");
    for (std::size_t i = 1; i < 3; ++i) {
        CHECK(only_status(arrived[i])["biz_opaque_callback_data"] == "op-1");
        CHECK(only_status(arrived[i])["id"] == body["messages"][0]["id"]);
    }
    const auto waited =
        sim("/sim/wait?phone_number_id=20001&customer=" + kMe + "&outbound=1&webhooks_idle=true");
    CHECK(waited["met"] == true);
    CHECK(waited["messages"][1]["text"] == "Abrimos a las 8");
    CHECK(waited["messages"][1]["status"] == "delivered");
}

TEST_CASE_METHOD(Fixture, "errors have Meta's shape") {
    const auto outside = graph(text("hola"));
    REQUIRE(outside);
    CHECK(outside->status == 400);
    const auto error = json::parse(outside->body)["error"];
    CHECK(error["code"] == 131047);
    CHECK(error["type"] == "OAuthException");
    CHECK(error["error_data"]["messaging_product"] == "whatsapp");
    CHECK(error.contains("fbtrace_id"));
    CHECK(outside->has_header("WWW-Authenticate"));

    const auto unauthorised = graph(text("hola"), "wrong");
    REQUIRE(unauthorised);
    CHECK(unauthorised->status == 401);
    CHECK(json::parse(unauthorised->body)["error"]["code"] == 190);

    sim("/sim/numbers/20001", {{"access", "token_revoked"}});
    CHECK(json::parse(graph(text("hola"))->body)["error"]["error_subcode"] == 460);
    sim("/sim/numbers/20001", {{"access", "gone"}});
    CHECK(json::parse(graph(text("hola"))->body)["error"]["error_subcode"] == 33);
}

TEST_CASE_METHOD(Fixture, "faults before the answer: refused, accepted then cut, 5xx") {
    open_window();
    sim("/sim/faults", {{"kind", "refuse"}, {"count", 1}});
    CHECK_FALSE(graph(text("uno", "op-1")));
    sim("/sim/faults", {{"kind", "accept_then_cut"}, {"count", 1}});
    CHECK_FALSE(graph(text("dos", "op-2")));
    sim("/sim/faults", {{"kind", "5xx_after_accept"}, {"count", 1}});
    CHECK(graph(text("tres", "op-3"))->status == 500);
    sim("/sim/faults", {{"kind", "5xx_before_accept"}, {"count", 1}, {"http_status", 503}});
    CHECK(graph(text("cuatro", "op-4"))->status == 503);
    sim("/sim/faults", {{"kind", "rate_limited"}, {"count", 1}});
    CHECK(json::parse(graph(text("cinco", "op-5"))->body)["error"]["code"] == 130429);

    const auto counted = outcomes();
    CHECK(counted["refused"] == 1);
    CHECK(counted["accept_then_cut"] == 1);
    CHECK(counted["5xx_after_accept"] == 1);
    CHECK(counted["5xx_before_accept"] == 1);
    CHECK(sim(kThread + "/messages")["outbound_count"] == 2);
    CHECK(sim("/sim/requests?opaque=op-2")["requests"][0]["outcome"] == "accept_then_cut");
    const auto faults = sim("/sim/faults")["faults"];
    CHECK(faults.size() == 5);
    for (const auto& fault : faults) CHECK(fault["remaining"] == 0);
}

TEST_CASE_METHOD(Fixture, "the listener can be closed and opened again") {
    phone("/sim/listener", {{"closed_ms", 60'000}});
    httplib::Client client("127.0.0.1", app.graph_port());
    while (client.Get("/readyz")) std::this_thread::yield();
    CHECK(client.Get("/readyz").error() == httplib::Error::Connection);
    phone("/sim/listener", {{"closed_ms", 0}});
    while (!client.Get("/readyz")) std::this_thread::yield();
    CHECK(sim("/readyz")["status"] == "ready");
}

TEST_CASE_METHOD(Fixture, "withheld echoes: no statuses at all, or none that name the send") {
    open_window();
    sim("/sim/faults", {{"kind", "withhold_echo"}, {"count", 1}});
    REQUIRE(graph(text("uno", "op-1"))->status == 200);
    sim("/sim/faults", {{"kind", "withhold_opaque"}, {"count", 1}});
    REQUIRE(graph(text("dos", "op-2"))->status == 200);
    const auto arrived = receiver.wait_for(3);
    CHECK_FALSE(only_status(arrived[1]).contains("biz_opaque_callback_data"));
    CHECK_FALSE(only_status(arrived[2]).contains("biz_opaque_callback_data"));
    CHECK(sim("/sim/wait?webhooks_idle=true")["met"] == true);
    CHECK(receiver.wait_for(3).size() == 3);
}

TEST_CASE_METHOD(Fixture, "a webhook that is not answered 200 comes again with the same bytes") {
    receiver.answer_next({503, 500});
    sim(kThread + "/messages", {{"text", "hola"}});
    receiver.wait_for(2);
    sim("/sim/clock", {{"advance_ms", 3'600'000}});
    const auto arrived = receiver.wait_for(3);
    CHECK(arrived[0].body == arrived[2].body);
    CHECK(arrived[0].signature == arrived[2].signature);
    CHECK(sim("/sim/wait?webhooks_idle=true")["met"] == true);
    const auto counters = sim("/sim/webhooks/counters");
    CHECK(counters["answered_other"] == 2);
    CHECK(counters["answered_200"] == 1);
    CHECK(sim(kThread + "/messages")["messages"][0]["webhook"]["attempts"] == 3);
}

TEST_CASE_METHOD(Fixture, "webhooks are duplicated, reordered and dropped on demand") {
    sim("/sim/faults", {{"kind", "duplicate"}, {"count", 1}});
    sim(kThread + "/messages", {{"text", "dos veces"}});
    auto arrived = receiver.wait_for(2);
    CHECK(arrived[0].body == arrived[1].body);

    sim("/sim/faults", {{"kind", "reorder"}, {"count", 1}});
    sim(kThread + "/messages", {{"text", "primero"}});
    sim(kThread + "/messages", {{"text", "segundo"}});
    arrived = receiver.wait_for(4);
    CHECK(arrived[2].body.find("segundo") != std::string::npos);
    CHECK(arrived[3].body.find("primero") != std::string::npos);

    sim("/sim/faults", {{"kind", "drop"}, {"count", 1}, {"field", "messages"}});
    sim(kThread + "/messages", {{"text", "perdido"}});
    sim(kThread + "/messages", {{"text", "después"}});
    CHECK(receiver.wait_for(5)[4].body.find("despu") != std::string::npos);
}

TEST_CASE_METHOD(Fixture, "raw bodies and the handshake") {
    sim("/sim/webhooks", {{"body_text", "not json"}, {"signature", "bad"}});
    sim("/sim/webhooks", {{"body", {{"object", "x"}}}, {"signature", "missing"}});
    auto arrived = receiver.wait_for(2);
    std::sort(arrived.begin(), arrived.end(), [](const auto& a, const auto& b) {
        return a.signature.size() > b.signature.size();
    });
    CHECK(arrived[0].body == "not json");
    CHECK(arrived[0].signature == "sha256=" + std::string(64, '0'));
    CHECK(arrived[1].signature.empty());
    CHECK(sim("/sim/handshake", json::object())["verified"] == true);
    sim("/sim/handshake", {{"verify_token", "wrong"}}, 409);
}

TEST_CASE_METHOD(Fixture, "a raw body may be any bytes") {
    sim("/sim/webhooks", {{"body_base64", "eyJhIjoi7aC9In0="}});
    CHECK(receiver.wait_for(1)[0].body == "{\"a\":\"\xED\xA0\xBD\"}");
    sim("/sim/webhooks", {{"body_base64", "?"}}, 400);
}

TEST_CASE_METHOD(Fixture, "a raw message goes out with the members given beside its type's") {
    const auto written = [&](const json& message) {
        sim(kThread + "/messages", {{"message", message}});
        const auto arrived = receiver.wait_for(++count).back();
        return json::parse(arrived.body)["entry"][0]["changes"][0]["value"]["messages"][0];
    };
    const json referral = {{"source_type", "ad"}, {"source_id", "1"}};
    const json text = {{"body", "hola"}};
    CHECK(written({{"type", "text"}, {"text", text}, {"group_id", "Y2Fw"}})["group_id"] == "Y2Fw");
    CHECK(
        written({{"type", "text"}, {"text", text}, {"referral", referral}})["referral"] == referral
    );
    const json button = {{"text", "Confirmar"}, {"payload", "P1"}};
    CHECK(written({{"type", "button"}, {"button", button}})["button"] == button);
    const json row = {{"type", "list_reply"}, {"list_reply", {{"title", "A"}}}};
    CHECK(written({{"type", "interactive"}, {"interactive", row}})["interactive"] == row);
    const json image = {{"id", "9"}, {"caption", "¿abren?"}};
    CHECK(written({{"type", "image"}, {"image", image}})["image"] == image);
    sim(kThread + "/messages", {{"message", {{"type", "text"}, {"text", text}, {"id", "x"}}}}, 400);
}

TEST_CASE_METHOD(Fixture, "a prepared webhook is for the caller to post, and opens the window") {
    const json wanted = {{"phone_number_id", "20001"}, {"wa_id", kMe}, {"text", "¿abren?"}};
    const auto bodies = sim("/sim/webhooks/prepared", {{"messages", {wanted, wanted}}})["bodies"];
    REQUIRE(bodies.size() == 2);
    CHECK(bodies[0] != bodies[1]);
    const auto value = json::parse(bodies[0].get<std::string>())["entry"][0]["changes"][0]["value"];
    CHECK(value["messages"][0]["text"]["body"] == "¿abren?");
    CHECK(sim("/sim/webhooks/counters")["submitted"] == 0);
    CHECK(graph(text("sí"))->status == 200);
    sim("/sim/webhooks/prepared", {{"messages", "none"}}, 400);
}

TEST_CASE_METHOD(Fixture, "a stalled send that was given up is not acted on") {
    open_window();
    sim("/sim/faults", {{"kind", "stall"}, {"count", 1}, {"duration_ms", 400}});
    httplib::Client client("127.0.0.1", app.graph_port());
    client.set_bearer_token_auth("token");
    client.set_read_timeout(0, 50'000);
    CHECK_FALSE(client.Post("/v26.0/20001/messages", text("uno").dump(), "application/json"));
    CHECK(sim("/sim/wait?requests=1")["met"] == true);
    CHECK(outcomes()["abandoned"] == 1);
    CHECK(sim(kThread + "/messages")["outbound_count"] == 0);
}

TEST_CASE_METHOD(Fixture, "misspelt requests of the control API are refused") {
    sim("/sim/faults", {{"kind", "refuse"}, {"cuont", 1}}, 400);
    sim("/sim/faults", {{"kind", "refuze"}}, 400);
    sim("/sim/settings", {{"batch_max", 0}}, 400);
    sim("/sim/numbers/999/customers/" + kMe + "/messages", {{"text", "x"}}, 404);
    sim(kThread + "/messages", json::object(), 400);
}

TEST_CASE_METHOD(Fixture, "the phone page is served with its policy and chats live") {
    httplib::Client client("127.0.0.1", app.phone_port());
    const auto page = client.Get("/");
    REQUIRE(page);
    CHECK(page->body.find("data-testid=\"composer\"") != std::string::npos);
    CHECK(
        page->get_header_value("Content-Security-Policy").find("script-src 'self'") !=
        std::string::npos
    );
    for (const auto* file : {"/app.js", "/dom.js", "/format.js", "/app.css", "/favicon.svg"}) {
        CHECK(client.Get(file)->status == 200);
    }
    CHECK(client.Post("/api/customers", "{}", "text/plain")->status == 415);

    const auto person = phone("/api/customers", {{"phone_number_id", "20001"}});
    const std::string wa_id = person["wa_id"];
    // The first event is read on a stream of its own; reaching it ends the stream.
    std::string events;
    std::jthread browser([&] {
        httplib::Client stream("127.0.0.1", app.phone_port());
        stream.Get("/api/events", [&](const char* data, std::size_t size) {
            events.append(data, size);
            return events.find("event: message") == std::string::npos;
        });
    });
    while (!app.simulator().events().has_clients()) std::this_thread::yield();
    phone("/api/messages", {{"phone_number_id", "20001"}, {"wa_id", wa_id}, {"text", "hola"}});
    browser.join();
    CHECK(events.find("\"text\":\"hola\"") != std::string::npos);
    receiver.wait_for(1);

    sim("/sim/wait?webhooks_idle=true");
    const auto state = phone("/api/state");
    CHECK(state["conversations"][0]["last"]["webhook"]["state"] == "accepted");
}

TEST_CASE_METHOD(Fixture, "a customer on the page reads, and the business is told") {
    open_window();
    REQUIRE(graph(text("Abrimos a las 8"))->status == 200);
    receiver.wait_for(3);
    CHECK(phone("/api/state")["conversations"][0]["unread"] == 1);
    phone("/api/read", {{"phone_number_id", "20001"}, {"wa_id", kMe}});
    CHECK(only_status(receiver.wait_for(4)[3])["status"] == "read");
    CHECK(phone("/api/state")["conversations"][0]["unread"] == 0);
}

TEST_CASE_METHOD(Fixture, "a handed-over conversation is shown and released") {
    open_window();
    std::string events;
    httplib::Client stream("127.0.0.1", app.phone_port());
    stream.Get("/api/events", [&](const char* data, std::size_t size) {
        events.append(data, size);
        return events.find("event: handed_over") == std::string::npos;
    });
    CHECK(events.find("20001|" + kMe) != std::string::npos);
    CHECK(phone("/api/state")["handover_available"] == true);
    phone("/api/release", {{"phone_number_id", "20001"}, {"wa_id", kMe}});
    CHECK(phone("/api/state")["handed_over"].empty());
    phone("/api/release", {{"phone_number_id", "20001"}, {"wa_id", kMe}}, 404);
}

TEST_CASE("settings that cannot be used stop the start with one line") {
    CHECK_FALSE(parse_numbers("{}"));
    CHECK_FALSE(parse_numbers(R"([{"phone_number":"1"}])"));
    CHECK(parse_numbers(R"([{"waba_id":"1","phone_number_id":"2"}])"));
    CHECK_FALSE(parse_webhook_url("https://example.com/x"));
    CHECK_FALSE(parse_webhook_url("http://host:99999/x"));
    CHECK(
        parse_webhook_url("http://127.0.0.1:8081/webhooks/whatsapp")->path == "/webhooks/whatsapp"
    );
    CHECK_FALSE(parse_listen_address("8080"));
    CHECK(parse_listen_address("127.0.0.1:0")->port == 0);
}

TEST_CASE_METHOD(Fixture, "the control API takes JSON from programs of this machine alone") {
    const std::string body = R"({"advance_ms":1})";
    for (const int port : {app.graph_port(), app.phone_port()}) {
        httplib::Client client("127.0.0.1", port);
        const auto status = [&](const httplib::Headers& headers,
                                const char* type = "application/json") {
            const auto answer = client.Post("/sim/clock", headers, body, type);
            REQUIRE(answer);
            return answer->status;
        };
        CHECK(status({}) == 200);
        CHECK(status({}, "application/json; charset=utf-8") == 200);
        CHECK(status({}, "text/plain") == 415);
        CHECK(status({}, "application/x-www-form-urlencoded") == 415);
        CHECK(status({}, "application/jsonp") == 415);
        for (const char* host :
             {"localhost", "localhost:1", "127.0.0.1:8080", "127.9.9.9", "[::1]:1"})
            CHECK(status({{"Host", host}}) == 200);
        for (const char* host :
             {"",
              "evil.example",
              "127.0.0.1.evil.example",
              "127.0.0",
              "localhost.evil.example",
              "192.168.0.1:80",
              "localhost:80:80",
              "[::2]",
              "localhost:"})
            CHECK(status({{"Host", host}}) == 403);
        CHECK(status({{"Origin", "http://localhost:8080"}}) == 200);
        CHECK(status({{"Origin", "https://127.0.0.1"}}) == 200);
        for (const char* origin : {"null", "http://evil.example", "http://localhost@evil.example"})
            CHECK(status({{"Origin", origin}}) == 403);
        CHECK(client.Get("/sim/numbers", {{"Host", "evil.example"}})->status == 403);
        CHECK(client.Delete("/sim/faults", {{"Origin", "http://evil.example"}})->status == 403);
        CHECK(client.Get("/readyz", {{"Host", "evil.example"}})->status == 200);
    }
}
