#include "support/topic_reader.hpp"

#include <chrono>
#include <stdexcept>

#include "tecnochat/core/guarded.hpp"
#include "tecnochat/kafka/consumer.hpp"
#include "tecnochat/testkit/eventually.hpp"

namespace tecnochat::scenarios {

std::vector<kafka::Record> read_topic(const testkit::Stack& stack, const std::string& topic) {
    Guarded<std::vector<kafka::Record>> seen;
    kafka::ConsumerConfig config;
    config.kafka.brokers = stack.endpoint("/kafka");
    config.kafka.tls = stack.identity("admin");
    config.service = "admin";
    config.topic = topic;
    config.reads = kafka::Reads::kAllFromBeginning;
    telemetry::Metrics metrics;
    kafka::Consumer consumer(
        config,
        [&](std::span<const kafka::Record> records) {
            seen.with([&](auto& all) { all.insert(all.end(), records.begin(), records.end()); });
            return ok();
        },
        metrics
    );
    consumer.start();
    const bool whole =
        testkit::eventually(std::chrono::seconds(30), [&] { return consumer.ready(); });
    consumer.stop(Deadline::after(Milliseconds(20'000)));
    if (!whole) throw std::runtime_error("topic " + topic + " could not be read to its end");
    return seen.with([](auto& all) { return std::move(all); });
}

}  // namespace tecnochat::scenarios
