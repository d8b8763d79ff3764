#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace tecnochat::kafka::testing {

/// A Kafka inside this process (librdkafka's mock: no TLS, no disk), which any number of producers
/// and consumers share through `bootstrap()`, given as their `mock_bootstrap`.
class MockCluster {
 public:
    explicit MockCluster(int brokers = 1);
    ~MockCluster();
    MockCluster(const MockCluster&) = delete;
    MockCluster& operator=(const MockCluster&) = delete;

    [[nodiscard]] std::string bootstrap() const;
    void create_topic(const std::string& topic, int partitions);
    /// Cuts off, or brings back, every broker; what it stores stays.
    void set_down(bool down);
    /// Every answer comes this much later: a broker that is there, but does not get on.
    void set_delay(std::chrono::milliseconds delay);
    /// The next heartbeat of any consumer is answered "fenced by another member of your instance
    /// id": fatal for that client. For a cluster of one broker.
    void fence_next_heartbeat();
    /// That heartbeat has come, and its answer is on its way.
    [[nodiscard]] bool has_fenced() const;
    /// As a real broker answers the commits of a client that it has fenced; by itself not fatal.
    void fence_next_commit();

 private:
    void fence_next(std::int16_t request);

    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace tecnochat::kafka::testing
