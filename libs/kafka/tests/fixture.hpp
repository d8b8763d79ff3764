#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <vector>

#include "tecnochat/kafka/consumer.hpp"
#include "tecnochat/kafka/producer.hpp"
#include "tecnochat/kafka/testing/mock_cluster.hpp"

namespace tecnochat::kafka::testing {

/// Handler of a consumer under test: answers what it is told to, and remembers every call.
class Seen {
 public:
    using Answer = std::function<Status(std::span<const Record>)>;

    explicit Seen(Answer answer = [](auto) { return ok(); }) : answer_(std::move(answer)) {}

    Consumer::Handler handler() {
        return [this](std::span<const Record> batch) -> Status {
            std::scoped_lock lock(mutex_);
            std::vector<std::string> values;
            for (const auto& record : batch) values.push_back(record.value);
            calls_.push_back(values);
            Status status = answer_(batch);
            if (status) done_.insert(done_.end(), values.begin(), values.end());
            changed_.notify_all();
            return status;
        };
    }
    /// True once `count` records were processed.
    bool wait_for_done(std::size_t count, Milliseconds limit = Milliseconds(20'000)) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, limit, [&] { return done_.size() >= count; });
    }
    bool wait_for_calls(std::size_t count, Milliseconds limit = Milliseconds(20'000)) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, limit, [&] { return calls_.size() >= count; });
    }
    std::vector<std::string> done() {
        std::scoped_lock lock(mutex_);
        return done_;
    }
    std::vector<std::vector<std::string>> calls() {
        std::scoped_lock lock(mutex_);
        return calls_;
    }

 private:
    Answer answer_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::vector<std::string>> calls_;
    std::vector<std::string> done_;
};

struct Fixture {
    MockCluster cluster;
    telemetry::Metrics metrics;
    const std::string topic = "whatsapp.inbound";

    ProducerConfig producer_config() {
        ProducerConfig config;
        config.client_id = "test";
        config.mock_bootstrap = cluster.bootstrap();
        return config;
    }
    ConsumerConfig consumer_config() {
        ConsumerConfig config;
        config.service = "message-router";
        config.kafka.instance.clear();
        config.topic = topic;
        config.mock_bootstrap = cluster.bootstrap();
        return config;
    }
    [[nodiscard]] OutRecord record(const std::string& value, const std::string& key = "k") const {
        return {topic, key, value, {{"ce_id", value}}};
    }
};

}  // namespace tecnochat::kafka::testing
