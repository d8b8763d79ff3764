// A Kafka for benchmarks in a process of its own: librdkafka's mock broker (one thread, in memory,
// no TLS, no disk). Prints its bootstrap servers on one line and lives until its stdin closes.

#include <cstdio>
#include <exception>
#include <string>

#include "tecnochat/kafka/testing/mock_cluster.hpp"
#include "tecnochat/kafka/topics.hpp"

int main() {
    try {
        constexpr int kPartitions = 6;  // as deploy/topics.yaml
        tecnochat::kafka::testing::MockCluster cluster(1);
        for (const std::string_view topic : tecnochat::kafka::topics::kAll) {
            cluster.create_topic(std::string(topic), kPartitions);
        }
        std::printf("%s\n", cluster.bootstrap().c_str());
        std::fflush(stdout);
        while (std::getchar() != EOF) {
        }
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "mock-broker: %s\n", error.what());
        return 1;
    }
}
