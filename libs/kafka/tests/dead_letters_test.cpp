// Goal: one letter per record, however long the broker is away and however often put() is told.
// Method: the mock broker cut off; what lies in the topic is read after it is back, up to a record
// that was sent last.
#include "tecnochat/kafka/dead_letters.hpp"

#include <atomic>
#include <catch2/catch.hpp>

#include "fixture.hpp"

using namespace std::chrono_literals;
using namespace tecnochat;
using namespace tecnochat::kafka;
using tecnochat::kafka::testing::Fixture;
using tecnochat::kafka::testing::Seen;

namespace {

const std::string kTopic = "dead-letters.message-router";

struct Letters : Fixture {
    Letters() { cluster.create_topic(kTopic, 1); }

    Record poison(std::int64_t offset) {
        Record record;
        record.topic = topic;
        record.partition = 2;
        record.offset = offset;
        record.key = "k";
        record.value = "v" + std::to_string(offset);
        return record;
    }
    double counted(const std::string& reason) {
        return metrics
            .counter("tecnochat_dead_letters_total", "", {{"topic", topic}, {"reason", reason}})
            .value();
    }
    static Status put_one(DeadLetters& letters, const Record& record, std::string reason) {
        const Letter one[] = {{&record, std::move(reason)}};
        return letters.put(one, Deadline::after(10s));
    }
    /// Every letter there is, in order. `producer` must be free of letters under way.
    std::vector<std::string> written(Producer& producer) {
        const OutRecord last{kTopic, "k", "last", {}};
        REQUIRE(producer.send_and_wait(std::span(&last, 1), Deadline::after(20s)));
        auto config = consumer_config();
        config.topic = kTopic;
        config.reads = Reads::kAllFromBeginning;
        std::vector<std::string> values;
        std::atomic<bool> whole{false};
        Consumer consumer(
            config,
            [&](std::span<const Record> batch) {
                for (const auto& record : batch) {
                    if (record.value == "last") {
                        whole = true;
                        whole.notify_all();
                    } else if (!whole) {
                        values.push_back(record.value);
                    }
                }
                return ok();
            },
            metrics
        );
        consumer.start();
        whole.wait(false);
        consumer.stop(Deadline::after(20s));
        return values;
    }
};

using Values = std::vector<std::string>;

}  // namespace

TEST_CASE_METHOD(
    Letters, "a broker that is away for many tries finds exactly one letter when it is back"
) {
    auto config = producer_config();
    // What every other record of this producer is given; the letters outlive many times that.
    config.delivery_timeout = Milliseconds(100);
    Producer producer(config, metrics);
    DeadLetters letters(producer, kTopic, metrics);
    REQUIRE(put_one(letters, poison(1), "unparsable"));
    cluster.set_down(true);
    const Record two = poison(2);
    const Record three = poison(3);
    const std::vector<Letter> both{{&two, "unparsable"}, {&three, "failed"}};
    for (int i = 0; i < 20; ++i) {
        const auto status = letters.put(both, Deadline::after(Milliseconds(50)));
        REQUIRE_FALSE(status);
        CHECK(status.error().code == ErrorCode::kDeadlineExceeded);
    }
    CHECK(counted("failed") == 0);
    cluster.set_down(false);
    REQUIRE(letters.put(both, Deadline::after(30s)));
    REQUIRE(letters.put(both, Deadline::after(30s)));
    CHECK(written(producer) == Values{"v1", "v2", "v3"});
    CHECK(counted("unparsable") == 2);
    CHECK(counted("failed") == 1);
}

TEST_CASE_METHOD(Letters, "a letter that is acknowledged late is written once and remembered") {
    Producer producer(producer_config(), metrics);
    DeadLetters letters(producer, kTopic, metrics);
    const Record one = poison(1);
    const std::vector<Letter> letter{{&one, "failed"}};
    REQUIRE(put_one(letters, poison(0), "failed"));
    cluster.set_delay(500ms);
    CHECK_FALSE(letters.put(letter, Deadline::after(Milliseconds(10))));
    CHECK_FALSE(letters.put(letter, Deadline::after(Milliseconds(10))));
    cluster.set_delay(0ms);
    REQUIRE(letters.put(letter, Deadline::after(20s)));
    REQUIRE(letters.put(letter, Deadline::after(20s)));
    CHECK(written(producer) == Values{"v0", "v1"});
}

TEST_CASE_METHOD(Letters, "a letter that Kafka surely does not have may be written again") {
    Producer producer(producer_config(), metrics);
    DeadLetters letters(producer, kTopic, metrics);
    Record one = poison(1);
    one.value.assign(6 * 1024 * 1024, 'x');
    const auto status = put_one(letters, one, "failed");
    REQUIRE_FALSE(status);
    CHECK(status.error().code == ErrorCode::kInvalidArgument);
    one.value = "v1";
    REQUIRE(put_one(letters, one, "failed"));
    CHECK(written(producer) == Values{"v1"});
    CHECK(counted("failed") == 1);
}

TEST_CASE_METHOD(Letters, "a record named twice in one call is one letter") {
    Producer producer(producer_config(), metrics);
    DeadLetters letters(producer, kTopic, metrics);
    const Record one = poison(1);
    const std::vector<Letter> twice{{&one, "failed"}, {&one, "unparsable"}};
    REQUIRE(letters.put(twice, Deadline::after(20s)));
    CHECK(written(producer) == Values{"v1"});
}

TEST_CASE_METHOD(Letters, "letters under way when the process ends leave nothing behind") {
    cluster.set_down(true);
    const Record one = poison(1);
    {
        auto config = producer_config();
        Producer producer(config, metrics);
        DeadLetters letters(producer, kTopic, metrics);
        const Letter letter{&one, "failed"};
        CHECK_FALSE(letters.put(std::span(&letter, 1), Deadline::after(Milliseconds(10))));
    }
    cluster.set_down(false);
    Producer producer(producer_config(), metrics);
    CHECK(written(producer).empty());
}
