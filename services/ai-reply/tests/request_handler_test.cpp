// Goal: every request that is read gets its reply, durable before the offset; a redelivery yields
// the same reply; poison is set aside and stops nothing; a store that is away loses nothing.
// Method: the handler between real clients of a broker inside librdkafka, knowledge in memory.

#include "events/request_handler.hpp"

#include <catch2/catch.hpp>
#include <map>
#include <stdexcept>

#include "builtin_reply_engine.hpp"
#include "fakes.hpp"
#include "tecnochat/ai/v1/events.pb.h"
#include "tecnochat/core/guarded.hpp"
#include "tecnochat/kafka/consumer.hpp"
#include "tecnochat/kafka/testing/mock_cluster.hpp"
#include "tecnochat/kafka/topics.hpp"
#include "tecnochat/testkit/eventually.hpp"

namespace tecnochat::ai_reply {
namespace {

using kafka::Record;
using testkit::eventually;

constexpr std::chrono::seconds kLimit{30};
constexpr std::string_view kDeadLetters = kafka::topics::kDeadLettersAiReply;

Uuid uuid_of(std::string_view name) {
    return Uuid::v5(kTecnochatNamespace, name);
}

/// A request of tenant 1; the turn and its key are derived from `turn`.
Record request_of(const std::string& turn, const std::string& question) {
    ai::v1::AiRequest wire;
    wire.set_tenant_id(tenant_of(1).to_string());
    wire.set_conversation_id(uuid_of("conversation " + turn).to_string());
    wire.set_turn_id(uuid_of(turn).to_string());
    wire.set_turn_epoch(3);
    wire.add_question(question);
    Record record;
    record.topic = kafka::topics::kAiRequests;
    record.key = wire.conversation_id();
    record.value = wire.SerializeAsString();
    return record;
}

/// Collects a topic.
class Reader {
 public:
    Reader(const std::string& bootstrap, std::string_view topic, telemetry::Metrics& metrics)
        : consumer_(
              config(bootstrap, topic),
              [this](std::span<const Record> batch) {
                  records_.with([&](auto& all) {
                      all.insert(all.end(), batch.begin(), batch.end());
                  });
                  return ok();
              },
              metrics
          ) {
        consumer_.start();
    }

    std::vector<Record> wait_for(std::size_t count) {
        const bool there = eventually(kLimit, [&] { return records().size() >= count; });
        REQUIRE(there);
        return records();
    }
    std::vector<Record> records() {
        return records_.with([](const auto& all) { return all; });
    }

 private:
    static kafka::ConsumerConfig config(const std::string& bootstrap, std::string_view topic) {
        kafka::ConsumerConfig config;
        config.service = "test";
        config.topic = topic;
        config.mock_bootstrap = bootstrap;
        return config;
    }

    Guarded<std::vector<Record>> records_;
    kafka::Consumer consumer_;
};

struct Fixture {
    Fixture() {
        REQUIRE(store.put(tenant_of(1), item_of(1, "Wifi", "Hay wifi gratis."), soon()));
        REQUIRE(store.put(tenant_of(1), item_of(2, "Mascotas", "Los perros, al patio."), soon()));
    }
    static kafka::ProducerConfig producer_config(const std::string& bootstrap) {
        kafka::ProducerConfig config;
        config.client_id = "ai-reply";
        config.mock_bootstrap = bootstrap;
        return config;
    }

    kafka::testing::MockCluster cluster;
    telemetry::Metrics metrics;
    FakeClock clock;
    FakeKnowledgeStore store;
    KnowledgeIndexes indexes{store, clock, {}, metrics};
    BuiltinReplyEngine engine{indexes};
    AnswerTurn answer_turn{engine, clock, metrics};
    kafka::Producer producer{producer_config(cluster.bootstrap()), metrics};
    kafka::DeadLetters dead_letters{producer, std::string(kDeadLetters), metrics};
    RequestHandler handler{answer_turn, producer, dead_letters, clock};
};

ai::v1::AiReply reply_in(const Record& record) {
    ai::v1::AiReply wire;
    REQUIRE(wire.ParseFromString(record.value));
    return wire;
}

TEST_CASE("each request of a batch gets its own reply, keyed and named as the router expects") {
    Fixture f;
    std::vector<Record> batch{
        request_of("turn a", "¿hay wifi?"),
        request_of("turn b", "¿puedo llevar mi perro?"),
        request_of("turn c", "¿venden bitcoin?")
    };
    const auto trace = telemetry::TraceContext::generate();
    batch[0].headers.emplace_back(telemetry::kTraceparentHeader, trace.traceparent());
    REQUIRE(f.handler.handle(batch));

    Reader replies(f.cluster.bootstrap(), kafka::topics::kAiReplies, f.metrics);
    std::map<std::string, Record> by_key;
    for (const Record& record : replies.wait_for(3)) by_key[record.key] = record;
    REQUIRE(by_key.size() == 3);

    const Record& first = by_key.at(batch[0].key);
    const ai::v1::AiReply reply = reply_in(first);
    CHECK(reply.text() == "Hay wifi gratis.");
    CHECK(reply.action() == ai::v1::AI_ACTION_ANSWER);
    CHECK(reply.turn_id() == uuid_of("turn a").to_string());
    CHECK(reply.turn_epoch() == 3);
    CHECK(reply.sources(0).item_id() == item_id_of(1).to_string());
    CHECK(first.event_id() == reply.reply_id());
    CHECK(first.header("ce_type") == "tecnochat.ai.v1.AiReply");
    CHECK(first.header("tenantid") == tenant_of(1).to_string());
    REQUIRE(first.trace());
    CHECK(first.trace()->trace_id == trace.trace_id);

    CHECK(reply_in(by_key.at(batch[1].key)).text() == "Los perros, al patio.");
    CHECK(reply_in(by_key.at(batch[2].key)).action() == ai::v1::AI_ACTION_REFUSE);
}

TEST_CASE("a batch delivered again yields the same reply ids and words") {
    Fixture f;
    const std::vector<Record> batch{request_of("turn a", "¿hay wifi?")};
    REQUIRE(f.handler.handle(batch));
    REQUIRE(f.handler.handle(batch));
    Reader replies(f.cluster.bootstrap(), kafka::topics::kAiReplies, f.metrics);
    const auto records = replies.wait_for(2);
    CHECK(records[0].event_id() == records[1].event_id());
    CHECK(records[0].value == records[1].value);
}

TEST_CASE("poison is set aside as it was and its neighbours are answered") {
    Fixture f;
    std::vector<Record> batch{
        request_of("turn a", "¿hay wifi?"), request_of("turn b", ""), request_of("turn c", "wifi")
    };
    batch[1].value = "\xFF\xFFnot a request";
    batch[1].partition = 4;
    batch[1].offset = 17;
    REQUIRE(f.handler.handle(batch));

    Reader aside(f.cluster.bootstrap(), kDeadLetters, f.metrics);
    const Record letter = aside.wait_for(1)[0];
    CHECK(letter.value == batch[1].value);
    CHECK(letter.key == batch[1].key);
    CHECK(letter.header("dl-topic") == kafka::topics::kAiRequests);
    CHECK(letter.header("dl-partition") == "4");
    CHECK(letter.header("dl-offset") == "17");
    CHECK(letter.header("dl-reason") == "UNPARSABLE");
    Reader replies(f.cluster.bootstrap(), kafka::topics::kAiReplies, f.metrics);
    replies.wait_for(2);
}

TEST_CASE("a request the engine stumbles over is set aside, and the service goes on") {
    class Stumbling final : public ReplyEngine {
     public:
        explicit Stumbling(ReplyEngine& sound) : sound_(sound) {}
        Result<Reply> reply(const TenantId& tenant, const Question& question, Deadline deadline)
            override {
            if (fail_next_) {
                fail_next_ = false;
                throw std::out_of_range("the customer's words");
            }
            return sound_.reply(tenant, question, deadline);
        }

     private:
        ReplyEngine& sound_;
        bool fail_next_ = true;
    };
    Fixture f;
    Stumbling engine(f.engine);
    AnswerTurn answer_turn(engine, f.clock, f.metrics);
    RequestHandler handler(answer_turn, f.producer, f.dead_letters, f.clock);
    REQUIRE(handler.handle(
        std::vector<Record>{request_of("turn a", "¿hay wifi?"), request_of("turn b", "¿hay wifi?")}
    ));
    Reader aside(f.cluster.bootstrap(), kDeadLetters, f.metrics);
    CHECK(aside.wait_for(1)[0].header("dl-reason") == "ENGINE_THREW");
    Reader replies(f.cluster.bootstrap(), kafka::topics::kAiReplies, f.metrics);
    replies.wait_for(1);
}

TEST_CASE("while the store is away nothing is produced and the batch may be tried again") {
    Fixture f;
    const std::vector<Record> batch{request_of("turn a", "¿hay wifi?")};
    f.store.away = true;
    const Status failed = f.handler.handle(batch);
    REQUIRE_FALSE(failed);
    CHECK(is_retryable(failed.error()));
    f.store.away = false;
    REQUIRE(f.handler.handle(batch));
    Reader replies(f.cluster.bootstrap(), kafka::topics::kAiReplies, f.metrics);
    CHECK(replies.wait_for(1).size() == 1);
}

TEST_CASE("an empty batch is done") {
    Fixture f;
    CHECK(f.handler.handle({}));
}

}  // namespace
}  // namespace tecnochat::ai_reply
