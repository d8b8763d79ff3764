// Goal: what only a real broker does to a consumer: rebalances within milliseconds. Method: the
// broker of the test stack, as administrator, on a topic that nobody else reads.
#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <map>
#include <thread>

#include "tecnochat/core/guarded.hpp"
#include "tecnochat/core/uuid.hpp"
#include "tecnochat/kafka/consumer.hpp"
#include "tecnochat/kafka/producer.hpp"
#include "tecnochat/kafka/topics.hpp"
#include "tecnochat/testkit/eventually.hpp"
#include "tecnochat/testkit/stack.hpp"

using namespace tecnochat;
using namespace tecnochat::kafka;
using namespace std::chrono_literals;

namespace {

/// One consumer group and the records of one test, told from others' by their key.
struct Group {
    const testkit::Stack stack = testkit::Stack::from_environment();
    const std::string run = ConversationId::generate(SystemClock().now()).to_string();
    const std::string topic{topics::kWhatsappAccount};
    telemetry::Metrics metrics;
    Guarded<std::map<std::string, int>> seen;  // value -> how often

    [[nodiscard]] config::KafkaSettings kafka() const {
        config::KafkaSettings kafka;
        kafka.brokers = stack.endpoint("/kafka");
        kafka.tls = stack.identity("admin");
        kafka.instance.clear();
        return kafka;
    }
    /// An event as the topic promises them: other tests on this stack may look.
    [[nodiscard]] EventHeaders event(const std::string& number) const {
        return {
            .id = run + number,
            .type = "tecnochat.whatsapp.v1.AccountChange",
            .source = "/tecnochat/webhook-ingress",
            .time = SystemClock().now(),
            .tenant = {},
            .trace = {}
        };
    }
    [[nodiscard]] ConsumerConfig consumer_config() const {
        ConsumerConfig config;
        config.kafka = kafka();
        config.service = run;
        config.topic = topic;
        return config;
    }
    /// Counts its own records in `own`, beside all of them in `seen`.
    Consumer::Handler handler(std::atomic<int>& own) {
        return [this, &own](std::span<const Record> batch) -> Status {
            for (const auto& record : batch) {
                if (!record.key.starts_with(run)) continue;
                ++own;
                seen.with([&](auto& all) { ++all[record.value]; });
            }
            return ok();
        };
    }
};

/// Writes a record every moment, to all partitions, until it is stopped.
class Writer {
 public:
    explicit Writer(Group& group)
        : thread_([&group, this](const std::stop_token& stop) {
              ProducerConfig config;
              config.kafka = group.kafka();
              config.client_id = "broker-test";
              Producer producer(config, group.metrics);
              while (!stop.stop_requested()) {
                  const auto number = std::to_string(written_);
                  const OutRecord record{
                      group.topic, group.run + number, number, to_headers(group.event(number))
                  };
                  if (!producer.send_and_wait(std::span(&record, 1), Deadline::after(10s))) return;
                  ++written_;
              }
          }) {}
    /// How many there are in all.
    int stop() {
        thread_.request_stop();
        thread_.join();
        return written_;
    }

 private:
    std::atomic<int> written_{0};
    std::jthread thread_;  // last: it uses the others
};

}  // namespace

// One poll often serves the revocation, the new assignment and its first record, which must stay.
TEST_CASE("no record is lost or doubled when members of a group come and go") {
    Group group;
    std::atomic<int> by_first{0};
    Consumer first(group.consumer_config(), group.handler(by_first), group.metrics);
    first.start();
    Writer writer(group);
    REQUIRE(testkit::eventually(30s, [&] { return by_first > 0; }));
    for (int round = 0; round < 3; ++round) {
        std::atomic<int> by_second{0};
        Consumer second(group.consumer_config(), group.handler(by_second), group.metrics);
        second.start();
        REQUIRE(testkit::eventually(30s, [&] { return by_second > 10; }));
    }
    const int written = writer.stop();
    const auto total = [&] {
        return group.seen.with([](const auto& all) { return static_cast<int>(all.size()); });
    };
    testkit::eventually(20s, [&] { return total() == written; });
    CHECK(total() == written);
    CHECK(group.seen.with([](const auto& all) {
        return std::all_of(all.begin(), all.end(), [](const auto& one) { return one.second == 1; });
    }));
}
