#include <poll.h>

#include <catch2/catch.hpp>
#include <future>
#include <thread>

#include "fixture.hpp"
#include "tecnochat/kafka/dead_letters.hpp"

using namespace tecnochat;
using namespace tecnochat::kafka;
using tecnochat::kafka::testing::Fixture;
using tecnochat::kafka::testing::Seen;

namespace {

Deadline soon() {
    return Deadline::after(Milliseconds(10'000));
}

}  // namespace

TEST_CASE_METHOD(Fixture, "records are acknowledged and counted") {
    cluster.create_topic(topic, 3);
    Producer producer(producer_config(), metrics);
    const std::vector<OutRecord> records{record("1"), record("2"), record("")};
    CHECK(producer.send_and_wait(records, soon()));
    CHECK(producer.connected());
    CHECK(metrics.serialize().find("tecnochat_kafka_produced_total 3") != std::string::npos);
}

TEST_CASE_METHOD(Fixture, "a producer served by its caller calls back only there, and says when") {
    cluster.create_topic(topic, 3);
    auto config = producer_config();
    config.served_by_caller = true;
    int acknowledged = 0;
    {
        Producer producer(config, metrics);
        // An error may have come before librdkafka was asked to tell, and it tells of the first
        // only.
        pollfd first{producer.descriptor(), POLLIN, 0};
        CHECK(poll(&first, 1, 0) == 1);
        const auto send = [&] {
            producer.send(
                record("1"),
                [&, caller = std::this_thread::get_id()](const Status& sent) {
                    CHECK(sent);
                    CHECK(std::this_thread::get_id() == caller);
                    ++acknowledged;
                }
            );
        };
        // More than once: the descriptor tells of what comes after it was served, too.
        for (int round = 1; round <= 3; ++round) {
            for (int i = 0; i < 10; ++i) send();
            while (acknowledged < 10 * round) {
                pollfd due{producer.descriptor(), POLLIN, 0};
                REQUIRE(poll(&due, 1, 10'000) == 1);
                producer.serve();
            }
            pollfd none{producer.descriptor(), POLLIN, 0};
            CHECK(poll(&none, 1, 0) == 0);
        }
        send();
    }
    // What nobody served any more is flushed at the end.
    CHECK(acknowledged == 31);
}

TEST_CASE_METHOD(Fixture, "a record over the limit is refused by itself") {
    cluster.create_topic(topic, 1);
    Producer producer(producer_config(), metrics);
    std::promise<Status> promise;
    producer.send(record(std::string(6 * 1024 * 1024, 'x')), [&](Status status) {
        promise.set_value(std::move(status));
    });
    const auto status = promise.get_future().get();
    REQUIRE_FALSE(status);
    CHECK(status.error().code == ErrorCode::kInvalidArgument);
    // The mock itself takes no more than about 1 MB; a real broker took 4 MiB from this producer.
    CHECK(producer.send_and_wait(std::vector{record(std::string(900'000, 'x'))}, soon()));
}

TEST_CASE_METHOD(Fixture, "a broker that is away fails the record in time and is noticed") {
    cluster.create_topic(topic, 1);
    auto config = producer_config();
    config.delivery_timeout = Milliseconds(1000);
    Producer producer(config, metrics);
    REQUIRE(producer.send_and_wait(std::vector{record("1")}, soon()));
    cluster.set_down(true);
    const auto status = producer.send_and_wait(std::vector{record("2")}, soon());
    REQUIRE_FALSE(status);
    CHECK(status.error().code == ErrorCode::kUnavailable);
    const auto patience = Deadline::after(Milliseconds(20'000));
    while (producer.connected()) REQUIRE_FALSE(patience.expired());
    cluster.set_down(false);
    // The way back may take longer than a record's time: librdkafka pauses between its tries.
    while (!producer.send_and_wait(std::vector{record("3")}, soon())) {
        REQUIRE_FALSE(patience.expired());
    }
    CHECK(producer.connected());
}

TEST_CASE_METHOD(Fixture, "the caller's deadline ends the wait, not the record") {
    cluster.create_topic(topic, 1);
    Producer producer(producer_config(), metrics);
    REQUIRE(producer.send_and_wait(std::vector{record("1")}, soon()));
    cluster.set_down(true);
    const auto status =
        producer.send_and_wait(std::vector{record("2")}, Deadline::after(Milliseconds(100)));
    REQUIRE_FALSE(status);
    CHECK(status.error().code == ErrorCode::kDeadlineExceeded);
    cluster.set_down(false);
    Seen seen;
    Consumer consumer(consumer_config(), seen.handler(), metrics);
    consumer.start();
    REQUIRE(seen.wait_for_done(2));
    CHECK(seen.done() == std::vector<std::string>{"1", "2"});
}

TEST_CASE_METHOD(Fixture, "what cannot leave before the end fails instead of vanishing") {
    cluster.create_topic(topic, 1);
    std::promise<Status> promise;
    {
        auto config = producer_config();
        config.mock_bootstrap = "127.0.0.1:1";
        Producer producer(config, metrics);
        producer.send(record("1"), [&](Status status) { promise.set_value(std::move(status)); });
    }
    auto answer = promise.get_future();
    REQUIRE(answer.wait_for(Milliseconds(0)) == std::future_status::ready);
    CHECK_FALSE(answer.get());
}

TEST_CASE_METHOD(Fixture, "a dead letter is the record as it was, and why") {
    cluster.create_topic("dead-letters.message-router", 1);
    Producer producer(producer_config(), metrics);
    DeadLetters letters(producer, "dead-letters.message-router", metrics);
    Record poison;
    poison.topic = topic;
    poison.partition = 2;
    poison.offset = 77;
    poison.key = "k";
    poison.value = "v";
    poison.headers = {{"ce_id", "e"}, {"dl-reason", "OLD"}};
    const Letter put[] = {{&poison, "BAD_PROTO"}};
    REQUIRE(letters.put(put, Deadline::after(Milliseconds(10'000))));

    std::promise<Record> promise;
    auto config = consumer_config();
    config.topic = "dead-letters.message-router";
    Consumer consumer(
        config,
        [&](std::span<const Record> batch) {
            promise.set_value(batch[0]);
            return ok();
        },
        metrics
    );
    consumer.start();
    const auto letter = promise.get_future().get();
    CHECK(letter.key == "k");
    CHECK(letter.value == "v");
    CHECK(letter.event_id() == "e");
    CHECK(letter.header("dl-topic") == topic);
    CHECK(letter.header("dl-partition") == "2");
    CHECK(letter.header("dl-offset") == "77");
    CHECK(letter.header("dl-reason") == "BAD_PROTO");
}
