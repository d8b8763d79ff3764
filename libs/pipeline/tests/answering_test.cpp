// Goal: every item is answered once, a faulty one alone is refused, and letters wait for the
// answers. Method: the mock broker, and letters that are only remembered.
#include "tecnochat/pipeline/answering.hpp"

#include <stdexcept>

#include "fixture.hpp"
#include "tecnochat/kafka/testing/mock_cluster.hpp"
#include "tecnochat/testkit/eventually.hpp"

using namespace std::chrono_literals;
using namespace tecnochat;
using namespace tecnochat::pipeline;
using namespace tecnochat::pipeline::testing;

namespace {

AnsweringTopic topic{"pipeline-test", "questions"};

using Values = std::vector<std::string>;

kafka::ProducerConfig producer_config(const kafka::testing::MockCluster& cluster) {
    kafka::ProducerConfig config;
    config.mock_bootstrap = cluster.bootstrap();
    return config;
}

struct Questions : Fixture {
    kafka::testing::MockCluster cluster;
    kafka::Producer producer{producer_config(cluster), metrics};
    int asked = 0;
    double acknowledged_at_letters = -1;
    kafka::Consumer::Handler handler;

    Questions() {
        cluster.create_topic("answers", 1);
        put_answers = [this] {
            acknowledged_at_letters = acknowledged();
            return ok();
        };
        auto seam = outside();
        seam.wait = Milliseconds(200);
        handler = detail::make_answering(
            producer,
            std::move(seam),
            topic,
            std::make_unique<detail::TypedAnswers<Word>>(
                words_source(),
                [this](const Incoming<Word>& item, Deadline) { return answer(item); }
            )
        );
    }

    Result<kafka::OutRecord> answer(const Incoming<Word>& item) {
        ++asked;
        const auto& text = item.value.text;
        if (text == "stumble") throw std::runtime_error("quotes the customer");
        if (text == "poison") return make_error(ErrorCode::kInvalidArgument, "no", "NO");
        if (text == "away") return make_error(ErrorCode::kUnavailable, "away");
        if (text == "ours") return make_error(ErrorCode::kInternal, "a plan out of date");
        return kafka::OutRecord{"answers", "k", "re: " + text, {}};
    }
    double acknowledged() { return metrics.counter("tecnochat_kafka_produced_total", "").value(); }
    Status handle(const Values& values) { return handler(records(values)); }
    /// Retried as a consumer does.
    bool handle_at_last(const Values& values) {
        return testkit::eventually(30s, [&] { return handle(values).has_value(); });
    }
};

}  // namespace

TEST_CASE_METHOD(Questions, "all answers are durable before any letter is put") {
    REQUIRE(handle_at_last({"a", "bad", "stumble", "b", "poison"}));
    CHECK(asked == 4);
    CHECK(acknowledged() == 2);
    CHECK(acknowledged_at_letters == 2);
    CHECK(letters == Values{"bad:unparsable", "stumble:failed", "poison:failed"});
}

TEST_CASE_METHOD(Questions, "what is no item's fault fails the batch, and nothing is produced") {
    const auto away = handle({"bad", "a", "away"});
    REQUIRE_FALSE(away);
    CHECK(away.error().code == ErrorCode::kUnavailable);
    const auto ours = handle({"bad", "a", "ours"});
    REQUIRE_FALSE(ours);
    CHECK(ours.error().code == ErrorCode::kInternal);
    CHECK(acknowledged() == 0);
    CHECK(letters.empty());
}

TEST_CASE_METHOD(Questions, "a batch that comes again while Kafka is away is answered once") {
    REQUIRE(handle_at_last({"warm up"}));
    cluster.set_down(true);
    asked = 0;
    for (int i = 0; i < 3; ++i) {
        const auto status = handle({"a", "bad"});
        REQUIRE_FALSE(status);
        CHECK(status.error().code == ErrorCode::kDeadlineExceeded);
    }
    CHECK(letters.empty());
    cluster.set_down(false);
    REQUIRE(handle_at_last({"a", "bad"}));
    CHECK(asked == 1);
    CHECK(acknowledged() == 2);
    CHECK(letters == Values{"bad:unparsable"});
}

TEST_CASE_METHOD(Questions, "letters that cannot be written repeat no answer") {
    put_answers = [] { return Status(make_error(ErrorCode::kUnavailable, "away")); };
    REQUIRE(testkit::eventually(30s, [&] {
        CHECK_FALSE(handle({"a", "bad"}));
        return !steps.empty();
    }));
    CHECK_FALSE(handle({"a", "bad"}));
    put_answers = [] { return ok(); };
    REQUIRE(handle({"a", "bad"}));
    CHECK(asked == 1);
    CHECK(acknowledged() == 1);
    CHECK(letters == Values{"bad:unparsable"});
}
