// Goal: H1, one unparsable record beside a good one while PostgreSQL is away for many tries.
// Method: everything real but the broker: consumer, dead letters, database.
#include "fixture.hpp"
#include "tecnochat/core/guarded.hpp"
#include "tecnochat/kafka/testing/mock_cluster.hpp"
#include "tecnochat/kafka/testing/read_topic.hpp"
#include "tecnochat/testkit/eventually.hpp"

using namespace std::chrono_literals;
using namespace tecnochat;
using namespace tecnochat::pipeline;
using namespace tecnochat::pipeline::testing;

namespace {

TransactionalTopic topic{"pipeline-test", "outage"};
const std::string kLetters = "dead-letters.pipeline-test";

struct StoreWords {
    Result<Effects> run(postgres::Transaction& transaction, std::span<const Incoming<Word>> items) {
        for (const auto& item : items) {
            TECNOCHAT_CHECK(transaction.execute(
                "INSERT INTO words VALUES ($1, $2)",
                postgres::Params().add(item.tenant).add(item.value.text)
            ));
        }
        return Effects();
    }
};

struct Outage : Fixture {
    kafka::testing::MockCluster cluster;
    std::unique_ptr<kafka::Producer> producer;
    std::unique_ptr<kafka::DeadLetters> dead_letters;
    StoreWords store;

    Outage() {
        cluster.create_topic(topic.name(), 1);
        cluster.create_topic(kLetters, 1);
        kafka::ProducerConfig config;
        config.mock_bootstrap = cluster.bootstrap();
        config.delivery_timeout = Milliseconds(1000);
        producer = std::make_unique<kafka::Producer>(config, metrics);
        dead_letters = std::make_unique<kafka::DeadLetters>(*producer, kLetters, metrics);
    }
    [[nodiscard]] kafka::ConsumerConfig consumer_config(const std::string& of) const {
        kafka::ConsumerConfig config;
        config.service = topic.service();
        config.topic = of;
        config.kafka.instance.clear();
        config.longest_pause = Milliseconds(20);
        config.mock_bootstrap = cluster.bootstrap();
        config.offset = &topic.offset();
        return config;
    }
    double retries() {
        return metrics.counter(
                          "tecnochat_kafka_batch_retries_total", "", {{"topic", topic.name()}}
        ).value();
    }
    /// The whole topic as it stands.
    int letters_written() {
        return static_cast<int>(kafka::testing::read_topic(cluster.bootstrap(), kLetters).size());
    }
};

}  // namespace

TEST_CASE_METHOD(
    Outage, "while the database is away no letter is written, and exactly one when it is back"
) {
    std::vector<kafka::OutRecord> both;
    for (const auto* value : {"bad", "good"})
        both.push_back({topic.name(), tenant.to_string(), value, {}});
    REQUIRE(producer->send_and_wait(both, Deadline::after(20s)));
    sandbox.go_away();
    kafka::Consumer consumer(
        consumer_config(topic.name()),
        transactional(
            Runtime{&pool, nullptr, producer.get(), *dead_letters, metrics},
            topic,
            words_source(),
            store
        ),
        metrics
    );
    consumer.start();
    REQUIRE(testkit::eventually(60s, [&] { return retries() >= 20; }));
    CHECK(letters_written() == 0);
    sandbox.come_back();
    REQUIRE(testkit::eventually(60s, [&] {
        return words() == 1 &&
               metrics.serialize().find("tecnochat_dead_letters_total{") != std::string::npos;
    }));
    consumer.stop(Deadline::after(Milliseconds(20'000)));
    CHECK(letters_written() == 1);
}
