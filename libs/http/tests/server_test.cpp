#include "tecnochat/http/server.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <condition_variable>
#include <deque>
#include <future>
#include <mutex>
#include <thread>

#include "raw_client.hpp"

using namespace tecnochat;
using namespace tecnochat::http;
using std::chrono::steady_clock;

namespace {

constexpr Milliseconds kShort{150};

/// Answers "<method> <path>?<query> <body length> <header X>".
void echo(const Request& request, Responder responder) {
    Response response;
    response.body = std::string(request.method()) + " " + std::string(request.path()) + "?" +
                    std::string(request.query()) + " " + std::to_string(request.body().size()) +
                    " " + std::string(request.header("x-test"));
    responder.send(std::move(response));
}

/// Keeps Responders for the test to answer from its own thread.
class Later {
 public:
    Server::Handler handler() {
        return [this](const Request& request, Responder responder) {
            const std::scoped_lock lock(mutex_);
            waiting_.emplace_back(std::string(request.body()), std::move(responder));
            arrived_.notify_all();
        };
    }
    std::pair<std::string, Responder> take() {
        std::unique_lock lock(mutex_);
        const bool came =
            arrived_.wait_for(lock, std::chrono::seconds(10), [this] { return !waiting_.empty(); });
        if (!came) throw std::runtime_error("no request came");
        auto first = std::move(waiting_.front());
        waiting_.pop_front();
        return first;
    }
    std::size_t waiting() {
        const std::scoped_lock lock(mutex_);
        return waiting_.size();
    }

 private:
    std::mutex mutex_;
    std::condition_variable arrived_;
    std::deque<std::pair<std::string, Responder>> waiting_;
};

struct Running {
    explicit Running(Server::Handler handler, Limits limits = {})
        : server(
              {.listen = "127.0.0.1:0",
               .io_threads = 2,
               .limits = limits,
               .on_answer = [this](int status) { last_status = status; }},
              std::move(handler)
          ) {
        REQUIRE(server.start());
    }
    std::atomic<int> last_status = 0;
    Server server;
    std::uint16_t port() { return server.port(); }
};

}  // namespace

TEST_CASE("requests are answered, and the connection is kept") {
    Running running(echo);
    RawClient client(running.port());
    client.send(get("/a/b?x=1&y", "X-TEST: hi\r\n"));
    auto answer = client.receive();
    CHECK(answer.status == 200);
    CHECK(answer.body == "GET /a/b?x=1&y 0 hi");
    CHECK(answer.head.find("\r\nDate: ") != std::string::npos);
    client.send(post("/p", std::string(100'000, 'x')));
    CHECK(client.receive().body == "POST /p? 100000 ");
    client.send("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n" + get("/after"));
    answer = client.receive(false);
    CHECK(answer.head.find("Content-Length: 10") != std::string::npos);
    CHECK(client.receive().body == "GET /after? 0 ");
}

TEST_CASE("bytes may come one at a time") {
    Running running(echo);
    RawClient client(running.port());
    const std::string request = post("/slow", "12345");
    for (const char byte : request) client.send(std::string_view(&byte, 1));
    CHECK(client.receive().body == "POST /slow? 5 ");
}

TEST_CASE("pipelined requests are answered in order, one at a time") {
    Later later;
    Running running(later.handler());
    RawClient client(running.port());
    client.send(post("/", "first") + post("/", "second") + post("/", "third"));
    for (const char* expected : {"first", "second", "third"}) {
        auto [body, responder] = later.take();
        CHECK(body == expected);
        CHECK(later.waiting() == 0);
        responder.send({.body = body});
        CHECK(client.receive().body == expected);
    }
}

TEST_CASE("a thousand requests in one packet") {
    Running running(echo);
    RawClient client(running.port());
    std::string all;
    for (int i = 0; i < 1000; ++i) all += get("/" + std::to_string(i));
    std::jthread sender([&] { client.send(all); });
    for (int i = 0; i < 1000; ++i) {
        REQUIRE(client.receive().body == "GET /" + std::to_string(i) + "? 0 ");
    }
}

TEST_CASE("chunked bodies arrive whole") {
    Running running(echo);
    RawClient client(running.port());
    client.send(
        "POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
        "5\r\nhello\r\n3;ext=1\r\nabc\r\n0\r\nTrailer: t\r\n\r\n"
    );
    CHECK(client.receive().body == "POST /c? 8 ");
}

TEST_CASE("bodies over the limit: 413, fixed and chunked, and the answer is not lost") {
    Running running(echo, {.body_bytes = 1000});
    SECTION("announced") {
        RawClient client(running.port());
        client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1001\r\n\r\n");
        client.send(std::string(200'000, 'x'));
        CHECK(client.receive().status == 413);
        client.finish();
        CHECK(client.closed_by_server());
        CHECK(running.last_status == 413);
    }
    SECTION("chunked") {
        RawClient client(running.port());
        client.send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
        client.send("258\r\n" + std::string(600, 'x') + "\r\n");
        client.send("258\r\n" + std::string(600, 'x') + "\r\n0\r\n\r\n");
        CHECK(client.receive().status == 413);
    }
    SECTION("exactly the limit") {
        RawClient client(running.port());
        client.send(post("/", std::string(1000, 'x')));
        CHECK(client.receive().status == 200);
    }
}

TEST_CASE("headers over the limit: 431") {
    Running running(echo, {.header_bytes = 2048});
    RawClient client(running.port());
    client.send(get("/", "X-Long: " + std::string(100'000, 'x') + "\r\n"));
    CHECK(client.receive().status == 431);
    RawClient many(running.port());
    std::string fields;
    for (int i = 0; i < 500; ++i) fields += "A" + std::to_string(i) + ": b\r\n";
    many.send(get("/", fields));
    CHECK(many.receive().status == 431);
}

TEST_CASE("what could be read in two ways is refused") {
    Running running(echo);
    const auto status = [&](const std::string& request) {
        RawClient client(running.port());
        client.send(request);
        return client.receive().status;
    };
    CHECK(status("GET / HTTP/1.1\r\n\r\n") == 400);
    CHECK(status("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n") == 400);
    CHECK(status("nonsense\r\n\r\n") == 400);
    CHECK(status("GET / HTTP/1.1\nHost: a\n\n") == 505);
    CHECK(status("GET / HTTP/1.1\r\nHost: a\n\r\n") == 400);
    CHECK(status("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5abc\r\n\r\n") == 400);
    CHECK(
        status("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n") ==
        400
    );
    CHECK(
        status(
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
        ) == 400
    );
    CHECK(status("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n") == 501);
    CHECK(status("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n") == 501);
    CHECK(status(post("/", "x", "Content-Encoding: gzip\r\n")) == 415);
    CHECK(status(post("/", "x", "Content-Encoding: identity\r\n")) == 415);
}

TEST_CASE("Expect: 100-continue is told to go on, or why not") {
    Running running(echo, {.body_bytes = 1000});
    RawClient client(running.port());
    client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
    CHECK(client.receive().status == 100);
    client.send("body");
    CHECK(client.receive().status == 200);
    client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4000\r\nExpect: 100-continue\r\n\r\n"
    );
    CHECK(client.receive().status == 413);
}

TEST_CASE("slow headers and slow bodies: 408; an idle connection is closed without a word") {
    Running running(echo, {.header_time = kShort, .body_time = kShort, .idle_time = kShort});
    RawClient header(running.port());
    RawClient body(running.port());
    RawClient idle(running.port());
    RawClient silent(running.port());
    header.send("GET / HTTP/1.1\r\nHost: h");
    body.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc");
    idle.send(get("/"));
    CHECK(idle.receive().status == 200);
    CHECK(header.receive().status == 408);
    CHECK(body.receive().status == 408);
    CHECK(idle.closed_by_server());
    CHECK(silent.closed_by_server());
}

TEST_CASE("trickling does not stretch the time for a header") {
    Running running(echo, {.header_time = Milliseconds(400)});
    RawClient client(running.port());
    client.send("GET / HTTP/1.1\r\n");
    std::promise<void> answered;
    std::jthread trickle([&client, over = answered.get_future()] {
        while (over.wait_for(Milliseconds(20)) == std::future_status::timeout) {
            client.send("X: y\r\n");
        }
    });
    CHECK(client.receive().status == 408);
    answered.set_value();
}

TEST_CASE("a client that does not read its answers is dropped") {
    Running running(
        [](const Request&, Responder responder) {
            responder.send({.body = std::string(1 << 20, 'x')});
        },
        {.write_time = kShort}
    );
    RawClient client(running.port());
    for (int i = 0; i < 64; ++i) client.send(get("/"));
    client.receive();
    const auto until = steady_clock::now() + std::chrono::seconds(10);
    while (running.server.connections() > 0 && steady_clock::now() < until) {
        std::this_thread::yield();
    }
    CHECK(running.server.connections() == 0);
}

TEST_CASE("connections over the limit are turned away, and room is made again") {
    Running running(echo, {.connections = 2});
    {
        RawClient a(running.port());
        RawClient b(running.port());
        a.send(get("/"));
        b.send(get("/"));
        CHECK(a.receive().status == 200);
        CHECK(b.receive().status == 200);
        RawClient c(running.port());
        CHECK(c.receive().status == 503);
    }
    const auto until = steady_clock::now() + std::chrono::seconds(10);
    while (running.server.connections() > 0 && steady_clock::now() < until) {
        std::this_thread::yield();
    }
    RawClient d(running.port());
    d.send(get("/"));
    CHECK(d.receive().status == 200);
}

TEST_CASE("large bodies together are bounded: 503, and the room is given back") {
    Running running(echo, {.buffered_bytes = 1'000'000});
    for (int round = 0; round < 3; ++round) {
        RawClient holder(running.port());
        holder.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3000000\r\n\r\n");
        holder.send(std::string(2'500'000, 'x'));
        CHECK(holder.receive().status == 503);
        RawClient other(running.port());
        other.send(post("/", std::string(400'000, 'x')));
        CHECK(other.receive().status == 200);
    }
}

TEST_CASE("a handler that throws or forgets answers 500") {
    Running throwing([](const Request&, Responder) -> void { throw std::runtime_error("bad"); });
    RawClient client(throwing.port());
    client.send(get("/") + get("/"));
    CHECK(client.receive().status == 500);
    CHECK(client.receive().status == 500);
    Running forgetful([](const Request&, Responder) {});
    RawClient other(forgetful.port());
    other.send(get("/"));
    CHECK(other.receive().status == 500);
}

TEST_CASE("answers given by another thread, for many connections at once") {
    Later later;
    Running running(later.handler());
    std::vector<std::unique_ptr<RawClient>> clients;
    for (int i = 0; i < 50; ++i) {
        clients.push_back(std::make_unique<RawClient>(running.port()));
        clients.back()->send(post("/", std::to_string(i)));
    }
    for (int i = 0; i < 50; ++i) {
        auto [body, responder] = later.take();
        responder.send({.body = body});
    }
    for (int i = 0; i < 50; ++i) {
        CHECK(clients[static_cast<std::size_t>(i)]->receive().body == std::to_string(i));
    }
}

TEST_CASE("whoever answers by a descriptor is called on an io thread, as often as it is readable") {
    const int descriptor = eventfd(0, EFD_NONBLOCK);
    REQUIRE(descriptor >= 0);
    Later later;
    std::atomic<int> calls = 0;
    std::optional<std::thread::id> handled_by;
    Server server({.listen = "127.0.0.1:0", .io_threads = 1}, [&](const auto& request, auto last) {
        handled_by = std::this_thread::get_id();
        later.handler()(request, std::move(last));
    });
    server.watch(descriptor, [&] {
        std::uint64_t count = 0;
        CHECK(read(descriptor, &count, sizeof count) == sizeof count);
        CHECK(std::this_thread::get_id() == handled_by);
        ++calls;
        auto [body, responder] = later.take();
        responder.send({.body = std::move(body)});
    });
    REQUIRE(server.start());
    RawClient client(server.port());
    for (int i = 1; i <= 3; ++i) {
        const auto body = std::to_string(i);
        client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n" + body);
        const auto patience = Deadline::after(Milliseconds(10'000));
        while (later.waiting() == 0) REQUIRE_FALSE(patience.expired());
        constexpr std::uint64_t kOne = 1;
        REQUIRE(write(descriptor, &kOne, sizeof kOne) == sizeof kOne);
        CHECK(client.receive().body == body);
        CHECK(calls == i);
    }
    server.stop(Deadline::after(Milliseconds(1000)));
    // Still the caller's, and open.
    CHECK(close(descriptor) == 0);
}

TEST_CASE("an answer to a client that has gone, and after the server has gone, harms nobody") {
    Later later;
    std::optional<Responder> late;
    {
        Running running(later.handler());
        {
            RawClient client(running.port());
            client.send(post("/", "a"));
            auto [body, responder] = later.take();
            late.emplace(std::move(responder));
        }
        RawClient other(running.port());
        other.send(post("/", "b"));
        later.take().second.send({});
        CHECK(other.receive().status == 200);
    }
    late->send({});
}

TEST_CASE("stopping refuses new connections, closes idle ones and finishes what is under way") {
    Later later;
    Running running(later.handler());
    RawClient busy(running.port());
    RawClient idle(running.port());
    idle.send(post("/", "once"));
    later.take().second.send({});
    CHECK(idle.receive().status == 200);
    busy.send(post("/", "x"));
    auto [body, responder] = later.take();
    auto stopped = std::async(std::launch::async, [&] {
        running.server.stop(Deadline::after(std::chrono::seconds(10)));
    });
    CHECK(idle.closed_by_server());
    CHECK_THROWS(RawClient(running.port()));
    responder.send({.body = "done"});
    const auto answer = busy.receive();
    CHECK(answer.body == "done");
    CHECK(answer.head.find("Connection: close") != std::string::npos);
    busy.finish();
    CHECK(busy.closed_by_server());
    CHECK(stopped.wait_for(std::chrono::seconds(5)) == std::future_status::ready);
    CHECK(running.server.connections() == 0);
}

TEST_CASE("HTTP/1.0 and Connection: close end the connection after the answer") {
    Running running(echo);
    RawClient old(running.port());
    old.send("GET / HTTP/1.0\r\n\r\n");
    CHECK(old.receive().status == 200);
    CHECK(old.closed_by_server());
    RawClient closing(running.port());
    closing.send(get("/", "Connection: close\r\n"));
    CHECK(closing.receive().status == 200);
    CHECK(closing.closed_by_server());
}

TEST_CASE("an address that cannot be had fails the start with one clear line") {
    Running running(echo);
    const int watched = eventfd(0, EFD_NONBLOCK);
    REQUIRE(watched >= 0);
    {
        Server taken({.listen = "127.0.0.1:" + std::to_string(running.port())}, echo);
        taken.watch(watched, [] {});
        const auto status = taken.start();
        REQUIRE_FALSE(status);
        CHECK(status.error().code == ErrorCode::kUnavailable);
    }
    CHECK(close(watched) == 0);
    for (const char* bad :
         {"", "127.0.0.1", "127.0.0.1:", "localhost:80", "1.2.3.4:99999", "::1:8"}) {
        Server server({.listen = bad}, echo);
        const auto refused = server.start();
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code == ErrorCode::kInvalidArgument);
    }
}

TEST_CASE("query parameters are decoded, the first one counts") {
    const std::string_view query = "hub.mode=subscribe&a=%C3%A9+b&a=2&empty=&flag&bad=%G1";
    CHECK(query_parameter(query, "hub.mode") == "subscribe");
    CHECK(query_parameter(query, "a") == "é b");
    CHECK(query_parameter(query, "empty") == "");
    CHECK(query_parameter(query, "flag") == "");
    CHECK(query_parameter(query, "bad") == std::nullopt);
    CHECK(query_parameter(query, "none") == std::nullopt);
    CHECK(query_parameter("", "a") == std::nullopt);
}
