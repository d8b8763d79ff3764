// Goal: on the running broker every principal writes, reads and joins exactly what
// deploy/topics.yaml grants it.
#include <catch2/catch.hpp>

#include "support/access_lists.hpp"
#include "support/kafka_probe.hpp"
#include "tecnochat/testkit/stack.hpp"

namespace tecnochat::scenarios {

TEST_CASE("each Kafka principal is refused every topic it was not granted") {
    const auto stack = testkit::Stack::from_environment();
    const auto brokers = stack.endpoint("/kafka");
    for (const auto& principal : principals()) {
        const KafkaProbe probe(brokers, stack.identity(principal));
        for (const auto& topic : topics()) {
            INFO(principal << " and " << topic.name);
            // Writing a stray record to a topic one may write would disturb other tests: only
            // refusals are tried.
            if (!topic.producers.contains(principal))
                CHECK(probe.produce(topic.name) == "TOPIC_AUTHORIZATION_FAILED");
            CHECK(
                probe.fetch(topic.name) ==
                (topic.consumers.contains(principal) ? "ok" : "TOPIC_AUTHORIZATION_FAILED")
            );
        }
    }
}

TEST_CASE("no Kafka principal can read another's consumer group") {
    const auto stack = testkit::Stack::from_environment();
    const KafkaProbe probe(stack.endpoint("/kafka"), stack.identity("ai-reply"));
    CHECK(probe.read_group("ai-reply.ai.requests", "ai.requests") == "ok");
    CHECK(probe.read_group("message-router.ai.replies", "ai.replies") != "ok");
}

}  // namespace tecnochat::scenarios
