#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <csignal>

#include "fixture.hpp"
#include "tecnochat/testkit/eventually.hpp"

using namespace std::chrono_literals;
using namespace tecnochat;
using namespace tecnochat::kafka;
using tecnochat::kafka::testing::Fixture;
using tecnochat::kafka::testing::Seen;

namespace {

using Values = std::vector<std::string>;

void send(Producer& producer, Fixture& fixture, const Values& values) {
    std::vector<OutRecord> records;
    for (const auto& value : values) records.push_back(fixture.record(value));
    REQUIRE(producer.send_and_wait(records, Deadline::after(Milliseconds(10'000))));
}

/// What the consumer itself has told about its connections.
double errors(Fixture& fixture, const char* code) {
    return fixture.metrics
        .counter(
            "tecnochat_kafka_client_errors_total", "", {{"topic", fixture.topic}, {"code", code}}
        )
        .value();
}

double rejoins(Fixture& fixture) {
    return fixture.metrics.counter(
                              "tecnochat_kafka_rejoins_total", "", {{"topic", fixture.topic}}
    ).value();
}

double gathers(Fixture& fixture) {
    return fixture.metrics.counter(
                              "tecnochat_kafka_gathers_total", "", {{"topic", fixture.topic}}
    ).value();
}

sigset_t term_alone() {
    sigset_t term;
    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    return term;
}

/// As a service does, before any thread.
void block_term() {
    const auto term = term_alone();
    pthread_sigmask(SIG_BLOCK, &term, nullptr);
}

/// The process is asked to end in order.
bool ends_process() {
    const auto term = term_alone();
    const timespec limit{20, 0};
    return sigtimedwait(&term, nullptr, &limit) == SIGTERM;
}

}  // namespace

TEST_CASE_METHOD(Fixture, "a restarted consumer goes on after what was processed") {
    cluster.create_topic(topic, 3);
    Producer producer(producer_config(), metrics);
    send(producer, *this, {"1", "2", "3"});
    {
        Seen seen;
        Consumer consumer(consumer_config(), seen.handler(), metrics);
        CHECK_FALSE(consumer.ready());
        consumer.start();
        REQUIRE(seen.wait_for_done(3));
        CHECK(seen.done() == Values{"1", "2", "3"});
        CHECK(consumer.ready());
        consumer.stop(Deadline::after(Milliseconds(20'000)));
        consumer.stop(Deadline::after(Milliseconds(20'000)));
    }
    send(producer, *this, {"4"});
    Seen seen;
    Consumer consumer(consumer_config(), seen.handler(), metrics);
    consumer.start();
    REQUIRE(seen.wait_for_done(1));
    CHECK(seen.done() == Values{"4"});
}

TEST_CASE_METHOD(Fixture, "a batch that fails retryably comes again, the same and uncommitted") {
    cluster.create_topic(topic, 1);
    Producer producer(producer_config(), metrics);
    send(producer, *this, {"1", "2"});
    {
        Seen failing([](auto) -> Status { return make_error(ErrorCode::kUnavailable, "away"); });
        Consumer consumer(consumer_config(), failing.handler(), metrics);
        consumer.start();
        REQUIRE(failing.wait_for_calls(3));
        send(producer, *this, {"3"});
        REQUIRE(failing.wait_for_calls(5));
        consumer.stop(Deadline::after(Milliseconds(20'000)));
        for (const auto& call : failing.calls()) CHECK(call == failing.calls()[0]);
    }
    std::atomic<int> failures{2};
    Seen recovering([&](auto) -> Status {
        if (failures-- > 0) return make_error(ErrorCode::kAborted, "again");
        return ok();
    });
    Consumer consumer(consumer_config(), recovering.handler(), metrics);
    consumer.start();
    REQUIRE(recovering.wait_for_done(3));
    send(producer, *this, {"4"});
    REQUIRE(recovering.wait_for_done(4));
    CHECK(recovering.done() == Values{"1", "2", "3", "4"});
}

TEST_CASE_METHOD(
    Fixture,
    "a consumer that is fenced after an outage joins again and goes on after what was processed"
) {
    cluster.create_topic(topic, 1);
    Producer producer(producer_config(), metrics);
    send(producer, *this, {"1"});
    Seen seen;
    Consumer consumer(consumer_config(), seen.handler(), metrics);
    consumer.start();
    REQUIRE(seen.wait_for_done(1));
    cluster.set_down(true);
    REQUIRE(testkit::eventually(20s, [&] {
        return errors(*this, "_ALL_BROKERS_DOWN") + errors(*this, "_TRANSPORT") > 0;
    }));
    cluster.fence_next_heartbeat();
    cluster.set_down(false);
    // The fenced client ends at its next heartbeat; what comes later goes to the one that follows
    // it.
    for (int i = 0; i < 60 && rejoins(*this) < 1; ++i) {
        send(producer, *this, {"meanwhile"});
        seen.wait_for_done(seen.done().size() + 1, Milliseconds(500));
    }
    REQUIRE(rejoins(*this) == 1);
    send(producer, *this, {"2"});
    const auto has_2 = [&] {
        const auto done = seen.done();
        return std::count(done.begin(), done.end(), "2") > 0;
    };
    for (int i = 0; i < 120 && !has_2(); ++i)
        seen.wait_for_done(seen.done().size() + 1, Milliseconds(500));
    REQUIRE(has_2());
    // Nothing that was committed came twice.
    const auto done = seen.done();
    CHECK(std::count(done.begin(), done.end(), "1") == 1);
}

TEST_CASE_METHOD(
    Fixture, "a consumer whose handler ran all through the outage that fenced it joins again too"
) {
    cluster.create_topic(topic, 1);
    Producer producer(producer_config(), metrics);
    send(producer, *this, {"1", "2"});
    std::atomic<bool> busy{false};
    std::atomic<bool> over{false};
    Seen seen([&](std::span<const Record> batch) {
        if (batch.front().value == "2" && !busy.exchange(true)) over.wait(false);
        return ok();
    });
    auto config = consumer_config();
    // The first one's offset is due when the second one's handler ends: nothing is polled between
    // the outage and a commit.
    config.max_batch = 1;
    Consumer consumer(config, seen.handler(), metrics);
    consumer.start();
    const bool begun = testkit::eventually(20s, [&] { return busy.load(); });
    cluster.set_down(true);
    // Its own thread is busy; another client of the same broker tells.
    const bool lost = testkit::eventually(20s, [&] { return !producer.connected(); });
    cluster.fence_next_heartbeat();
    cluster.fence_next_commit();
    cluster.set_down(false);
    const bool fenced = testkit::eventually(20s, [&] { return cluster.has_fenced(); });
    // Its acknowledgement comes after the heartbeat's answer.
    const std::vector third{record("3")};
    const auto sent = producer.send_and_wait(third, Deadline::after(10s));
    over = true;
    over.notify_all();
    REQUIRE((begun && lost && fenced && sent));
    CHECK(testkit::eventually(20s, [&] { return rejoins(*this) == 1; }));
    const auto has_3 = [&] {
        const auto done = seen.done();
        return std::count(done.begin(), done.end(), "3") > 0;
    };
    CHECK(testkit::eventually(60s, has_3));
}

TEST_CASE_METHOD(
    Fixture, "a consumer that another process fences ends this one and leaves it alone"
) {
    block_term();
    cluster.create_topic(topic, 1);
    Seen seen;
    Consumer consumer(consumer_config(), seen.handler(), metrics);
    consumer.start();
    REQUIRE(testkit::eventually(20s, [&] { return consumer.ready(); }));
    cluster.fence_next_heartbeat();
    REQUIRE(ends_process());
    CHECK(rejoins(*this) == 0);
}

TEST_CASE_METHOD(Fixture, "a batch is never larger than asked for") {
    cluster.create_topic(topic, 1);
    Producer producer(producer_config(), metrics);
    Values values;
    for (int i = 0; i < 50; ++i) values.push_back(std::to_string(i));
    send(producer, *this, values);
    Seen seen;
    auto config = consumer_config();
    config.max_batch = 7;
    Consumer consumer(config, seen.handler(), metrics);
    consumer.start();
    REQUIRE(seen.wait_for_done(50));
    CHECK(seen.done() == values);
    for (const auto& call : seen.calls()) CHECK(call.size() <= 7);
}

TEST_CASE_METHOD(
    Fixture, "a consumer stops while records are coming, and the next one goes on there"
) {
    cluster.create_topic(topic, 1);
    Producer producer(producer_config(), metrics);
    Values values;
    for (int i = 0; i < 500; ++i) values.push_back(std::to_string(i));
    send(producer, *this, values);
    auto config = consumer_config();
    config.max_batch = 1;
    std::atomic<bool> begun{false};
    std::atomic<bool> stopping{false};
    Seen seen([&](auto) {
        begun = true;
        begun.notify_all();
        stopping.wait(false);
        return ok();
    });
    {
        Consumer consumer(config, seen.handler(), metrics);
        consumer.start();
        begun.wait(false);
        stopping = true;
        stopping.notify_all();
    }
    Consumer consumer(config, seen.handler(), metrics);
    consumer.start();
    REQUIRE(seen.wait_for_done(values.size()));
    CHECK(seen.done() == values);
}

TEST_CASE_METHOD(Fixture, "a directory is read whole at every start") {
    cluster.create_topic(topic, 2);
    Producer producer(producer_config(), metrics);
    std::vector<OutRecord> records;
    for (int i = 0; i < 10; ++i) records.push_back(record(std::to_string(i), std::to_string(i)));
    REQUIRE(producer.send_and_wait(records, Deadline::after(Milliseconds(10'000))));
    auto config = consumer_config();
    config.reads = Reads::kAllFromBeginning;
    for (int start = 0; start < 2; ++start) {
        Seen seen;
        Consumer consumer(config, seen.handler(), metrics);
        consumer.start();
        REQUIRE(seen.wait_for_done(10));
        REQUIRE(testkit::eventually(20s, [&] { return consumer.ready(); }));
        REQUIRE(producer.send_and_wait(
            std::vector{record("more")}, Deadline::after(Milliseconds(10'000))
        ));
        REQUIRE(seen.wait_for_done(11));
    }
}

TEST_CASE_METHOD(Fixture, "a consumer stops in time while the brokers are away") {
    cluster.create_topic(topic, 1);
    Producer producer(producer_config(), metrics);
    send(producer, *this, {"1"});
    Seen seen;
    Consumer consumer(consumer_config(), seen.handler(), metrics);
    consumer.start();
    REQUIRE(seen.wait_for_done(1));
    cluster.set_down(true);
    const auto start = std::chrono::steady_clock::now();
    consumer.stop(Deadline::after(Milliseconds(20'000)));
    CHECK(std::chrono::steady_clock::now() - start < Milliseconds(8000));
}

TEST_CASE_METHOD(Fixture, "a fan-out hands over what comes once it is ready, and nothing older") {
    cluster.create_topic(topic, 2);
    Producer producer(producer_config(), metrics);
    send(producer, *this, {"old"});
    auto config = consumer_config();
    config.reads = Reads::kAllFromEnd;
    Seen one;
    Seen other;
    Consumer first(config, one.handler(), metrics);
    Consumer second(config, other.handler(), metrics);
    first.start();
    second.start();
    REQUIRE(testkit::eventually(20s, [&] { return first.ready() && second.ready(); }));
    send(producer, *this, {"new"});
    for (auto* seen : {&one, &other}) {
        REQUIRE(seen->wait_for_done(1));
        CHECK(seen->done() == Values{"new"});
    }
}

TEST_CASE_METHOD(Fixture, "stopping ends with its deadline even while a handler hangs") {
    cluster.create_topic(topic, 1);
    Producer producer(producer_config(), metrics);
    send(producer, *this, {"1"});
    std::atomic<bool> begun{false};
    std::atomic<bool> over{false};
    Seen seen([&](auto) {
        begun = true;
        over.wait(false);
        return ok();
    });
    Consumer consumer(consumer_config(), seen.handler(), metrics);
    consumer.start();
    const bool hangs = testkit::eventually(20s, [&] { return begun.load(); });
    consumer.request_stop();
    const bool stopped = consumer.stop(Deadline::after(Milliseconds(50)));
    over = true;
    over.notify_all();
    CHECK(hangs);
    CHECK_FALSE(stopped);
    CHECK(consumer.stop(Deadline::after(20s)));
    CHECK(seen.done() == Values{"1"});
    CHECK(consumer.stop(Deadline::after(Milliseconds(0))));
}

TEST_CASE_METHOD(Fixture, "records that come one by one never wait for others") {
    cluster.create_topic(topic, 1);
    Producer producer(producer_config(), metrics);
    Seen seen;
    auto config = consumer_config();
    config.gather_busy = Milliseconds(1);  // four within it would be 4,000/s
    Consumer consumer(config, seen.handler(), metrics);
    consumer.start();
    for (std::size_t i = 1; i <= 20; ++i) {
        send(producer, *this, {std::to_string(i)});
        REQUIRE(seen.wait_for_done(i));
    }
    CHECK(gathers(*this) == 0);
}

TEST_CASE_METHOD(Fixture, "batches gather while records come faster than batches end") {
    cluster.create_topic(topic, 1);
    Producer producer(producer_config(), metrics);
    Values sent;
    // As slow as the records that come meanwhile.
    Seen seen([&](auto) {
        for (int i = 0; i < 4 && gathers(*this) == 0; ++i) {
            sent.push_back(std::to_string(sent.size()));
            send(producer, *this, {sent.back()});
        }
        return ok();
    });
    send(producer, *this, {"first"});
    Consumer consumer(consumer_config(), seen.handler(), metrics);
    consumer.start();
    REQUIRE(testkit::eventually(20s, [&] { return gathers(*this) > 0; }));
    REQUIRE(seen.wait_for_done(1));
    consumer.stop(Deadline::after(Milliseconds(20'000)));
    auto done = seen.done();
    CHECK(done.front() == "first");
    done.erase(done.begin());
    sent.resize(std::min(sent.size(), done.size()));
    CHECK(done == sent);
}
