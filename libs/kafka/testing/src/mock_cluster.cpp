#include "tecnochat/kafka/testing/mock_cluster.hpp"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <array>
#include <stdexcept>

#include "tecnochat/core/assert.hpp"

namespace tecnochat::kafka::testing {
namespace {

// Kafka protocol's request numbers.
constexpr int16_t kOffsetCommit = 8;
constexpr int16_t kHeartbeat = 12;

struct DestroyClient {
    void operator()(rd_kafka_t* client) const noexcept { rd_kafka_destroy(client); }
};
struct DestroyCluster {
    void operator()(rd_kafka_mock_cluster_t* cluster) const noexcept {
        rd_kafka_mock_cluster_destroy(cluster);
    }
};

}  // namespace

struct MockCluster::Impl {
    int brokers = 0;
    std::unique_ptr<rd_kafka_t, DestroyClient> client;  // only the cluster's host
    std::unique_ptr<rd_kafka_mock_cluster_t, DestroyCluster> cluster;
};

MockCluster::MockCluster(int brokers) : impl_(std::make_unique<Impl>()) {
    std::array<char, 256> reason{};
    auto* conf = rd_kafka_conf_new();
    rd_kafka_conf_set_log_cb(conf, nullptr);
    impl_->brokers = brokers;
    impl_->client.reset(rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason.data(), reason.size()));
    if (!impl_->client) throw std::runtime_error(reason.data());
    impl_->cluster.reset(rd_kafka_mock_cluster_new(impl_->client.get(), brokers));
    if (!impl_->cluster) throw std::runtime_error("the mock cluster does not start");
}

MockCluster::~MockCluster() = default;

std::string MockCluster::bootstrap() const {
    return rd_kafka_mock_cluster_bootstraps(impl_->cluster.get());
}

void MockCluster::create_topic(const std::string& topic, int partitions) {
    if (rd_kafka_mock_topic_create(
            impl_->cluster.get(), topic.c_str(), partitions, impl_->brokers
        ) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        throw std::runtime_error("the mock topic cannot be made");
    }
}

void MockCluster::set_down(bool down) {
    for (int id = 1; id <= impl_->brokers; ++id) {
        if (down) {
            rd_kafka_mock_broker_set_down(impl_->cluster.get(), id);
        } else {
            rd_kafka_mock_broker_set_up(impl_->cluster.get(), id);
        }
    }
}

void MockCluster::set_delay(std::chrono::milliseconds delay) {
    for (int id = 1; id <= impl_->brokers; ++id) {
        rd_kafka_mock_broker_set_rtt(impl_->cluster.get(), id, static_cast<int>(delay.count()));
    }
}

void MockCluster::fence_next(std::int16_t request) {
    TECNOCHAT_ASSERT(impl_->brokers == 1, "of several, one alone is the coordinator");
    rd_kafka_mock_broker_push_request_error_rtts(
        impl_->cluster.get(), 1, request, 1, RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID, 0
    );
}

void MockCluster::fence_next_heartbeat() {
    fence_next(kHeartbeat);
}

void MockCluster::fence_next_commit() {
    fence_next(kOffsetCommit);
}

bool MockCluster::has_fenced() const {
    std::size_t left = 0;
    rd_kafka_mock_broker_error_stack_cnt(impl_->cluster.get(), 1, kHeartbeat, &left);
    return left == 0;
}

}  // namespace tecnochat::kafka::testing
