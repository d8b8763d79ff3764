// Goal: every request that is read gets its reply, durable before the offset; a redelivery yields
// the same reply; a faulty record becomes a dead letter and stops nothing; a store that is away
// loses nothing. Method: the consumer's handler between real clients of a broker inside librdkafka,
// knowledge in memory.

#include "consumers.hpp"

#include <catch2/catch.hpp>
#include <map>
#include <stdexcept>

#include "fakes.hpp"
#include "tecnochat/ai/v1/events.pb.h"
#include "tecnochat/core/guarded.hpp"
#include "tecnochat/kafka/consumer.hpp"
#include "tecnochat/kafka/testing/mock_cluster.hpp"
#include "tecnochat/kafka/topics.hpp"
#include "tecnochat/testkit/eventually.hpp"
#include "use_cases/builtin_reply_engine.hpp"

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
    static std::int64_t next_offset = 0;
    Record record;
    record.offset = next_offset++;
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
    /// The topic as it stands.
    std::vector<Record> whole() {
        REQUIRE(eventually(kLimit, [&] { return consumer_.ready(); }));
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
        config.reads = kafka::Reads::kAllFromBeginning;
        config.mock_bootstrap = bootstrap;
        return config;
    }

    Guarded<std::vector<Record>> records_;
    kafka::Consumer consumer_;
};

/// With one partition, before anybody asks for it and the mock makes it with more.
struct Cluster : kafka::testing::MockCluster {
    Cluster() { create_topic(std::string(kDeadLetters), 1); }
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

    Cluster cluster;
    telemetry::Metrics metrics;
    FakeClock clock;
    FakeKnowledgeStore store;
    KnowledgeIndexes indexes{store, clock, {}, metrics};
    BuiltinReplyEngine engine{indexes};
    AnswerTurn answer_turn{engine, clock, metrics};
    kafka::Producer producer{producer_config(cluster.bootstrap()), metrics};
    kafka::DeadLetters dead_letters{producer, std::string(kDeadLetters), metrics};
    pipeline::Runtime runtime{
        .producer = &producer, .dead_letters = dead_letters, .metrics = metrics
    };
    kafka::Consumer::Handler handle = answer_requests(runtime, answer_turn, clock);
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
    REQUIRE(f.handle(batch));

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
    REQUIRE(f.handle(batch));
    REQUIRE(f.handle(batch));
    Reader replies(f.cluster.bootstrap(), kafka::topics::kAiReplies, f.metrics);
    const auto records = replies.wait_for(2);
    CHECK(records[0].event_id() == records[1].event_id());
    CHECK(records[0].value == records[1].value);
}

TEST_CASE("an unparsable record becomes a dead letter as it was, its neighbours are answered") {
    Fixture f;
    std::vector<Record> batch{
        request_of("turn a", "¿hay wifi?"), request_of("turn b", ""), request_of("turn c", "wifi")
    };
    batch[1].value = "\xFF\xFFnot a request";
    batch[1].partition = 4;
    batch[1].offset = 17;
    REQUIRE(f.handle(batch));

    Reader letters(f.cluster.bootstrap(), kDeadLetters, f.metrics);
    const Record letter = letters.wait_for(1)[0];
    CHECK(letter.value == batch[1].value);
    CHECK(letter.key == batch[1].key);
    CHECK(letter.header("dl-topic") == kafka::topics::kAiRequests);
    CHECK(letter.header("dl-partition") == "4");
    CHECK(letter.header("dl-offset") == "17");
    CHECK(letter.header("dl-reason") == "unparsable");
    Reader replies(f.cluster.bootstrap(), kafka::topics::kAiReplies, f.metrics);
    replies.wait_for(2);
}

TEST_CASE("a request that the engine fails on becomes a dead letter, and the service goes on") {
    class Throwing final : public ReplyEngine {
     public:
        explicit Throwing(ReplyEngine& sound) : sound_(sound) {}
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
    Throwing engine(f.engine);
    AnswerTurn answer_turn(engine, f.clock, f.metrics);
    const auto handle = answer_requests(f.runtime, answer_turn, f.clock);
    REQUIRE(handle(
        std::vector<Record>{request_of("turn a", "¿hay wifi?"), request_of("turn b", "¿hay wifi?")}
    ));
    Reader letters(f.cluster.bootstrap(), kDeadLetters, f.metrics);
    CHECK(letters.wait_for(1)[0].header("dl-reason") == "failed");
    Reader replies(f.cluster.bootstrap(), kafka::topics::kAiReplies, f.metrics);
    replies.wait_for(1);
}

TEST_CASE("while the store is away nothing is produced and the batch may be tried again") {
    Fixture f;
    const std::vector<Record> batch{request_of("turn a", "¿hay wifi?")};
    f.store.away = true;
    const Status failed = f.handle(batch);
    REQUIRE_FALSE(failed);
    CHECK(is_retryable(failed.error()));
    f.store.away = false;
    REQUIRE(f.handle(batch));
    Reader replies(f.cluster.bootstrap(), kafka::topics::kAiReplies, f.metrics);
    CHECK(replies.wait_for(1).size() == 1);
}

TEST_CASE("an unparsable record beside good ones is one dead letter, once these are answered") {
    Fixture f;
    std::vector<Record> batch{request_of("turn a", ""), request_of("turn b", "¿hay wifi?")};
    batch[0].value = "\xFF\xFFnot a request";
    f.store.away = true;
    for (int i = 0; i < 3; ++i) REQUIRE_FALSE(f.handle(batch));
    CHECK(Reader(f.cluster.bootstrap(), kDeadLetters, f.metrics).whole().empty());
    f.store.away = false;
    REQUIRE(f.handle(batch));
    // What came before it would stand before it: the topic has one partition.
    const std::vector<Record> last{request_of("turn c", "")};
    const kafka::Letter letter{&last[0], "last"};
    REQUIRE(f.dead_letters.put(std::span(&letter, 1), soon()));
    Reader reader(f.cluster.bootstrap(), kDeadLetters, f.metrics);
    const auto read = reader.wait_for(2);
    REQUIRE(read.size() == 2);
    CHECK(read[0].header("dl-reason") == "unparsable");
    CHECK(read[1].header("dl-reason") == "last");
}

TEST_CASE("an empty batch is done") {
    Fixture f;
    CHECK(f.handle({}));
}

}  // namespace
}  // namespace tecnochat::ai_reply
