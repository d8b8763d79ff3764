#include "app.hpp"

#include <array>
#include <utility>

#include "builtin_reply_engine.hpp"
#include "events/request_handler.hpp"
#include "rpc/knowledge_rpc.hpp"
#include "store/postgres_knowledge_store.hpp"
#include "tecnochat/core/failpoint.hpp"
#include "tecnochat/kafka/consumer.hpp"
#include "tecnochat/kafka/dead_letters.hpp"
#include "tecnochat/kafka/producer.hpp"
#include "tecnochat/kafka/topics.hpp"
#include "tecnochat/postgres/pool.hpp"
#include "tecnochat/rpc/server.hpp"
#include "use_cases/answer_turn.hpp"
#include "use_cases/knowledge_indexes.hpp"
#include "use_cases/manage_knowledge.hpp"

namespace tecnochat::ai_reply {
namespace {

StepFailpoints offset_commit{"ai-reply.requests.offset-commit"};
StepFailpoints dead_letter{"ai-reply.dead-letter.produce"};

constexpr const char* kService = "ai-reply";
/// One for the consumer, the rest for RPCs.
constexpr int kConnections = 4;

Config with_tls(Config config) {
    config.kafka.tls = config.tls;
    return config;
}

/// Declaration order is the wiring, reverse destruction the shutdown.
class AiReplyApp final : public runtime::App {
 public:
    AiReplyApp(Config config, telemetry::Metrics& metrics)
        : config_(with_tls(std::move(config))),
          pool_({config_.postgres_url, kConnections}),
          indexes_(
              store_,
              clock_,
              {static_cast<std::size_t>(config_.index_tenants), config_.index_check_ms},
              metrics
          ),
          answer_turn_(engine_, clock_, metrics),
          producer_(producer_config(), metrics),
          dead_letters_(
              producer_, std::string(kafka::topics::kDeadLettersAiReply), metrics, &dead_letter
          ),
          consumer_(
              consumer_config(),
              [this](std::span<const kafka::Record> batch) { return handler_.handle(batch); },
              metrics
          ),
          server_(
              {kService, config_.rpc_listen, config_.tls, config_.rpc_allow_list},
              {&knowledge_rpc_},
              metrics
          ) {}

    Status start() override {
        TECNOCHAT_CHECK(server_.start());
        consumer_.start();
        return ok();
    }

    [[nodiscard]] bool ready() const override {
        return consumer_.ready() && producer_.connected() && pool_.reachable();
    }

    void stop(Deadline deadline) override {
        consumer_.stop();
        server_.stop(deadline);
    }

 private:
    [[nodiscard]] kafka::ConsumerConfig consumer_config() const {
        kafka::ConsumerConfig consumer;
        consumer.kafka = config_.kafka;
        consumer.service = kService;
        consumer.topic = kafka::topics::kAiRequests;
        consumer.offset = &offset_commit;
        return consumer;
    }

    [[nodiscard]] kafka::ProducerConfig producer_config() const {
        kafka::ProducerConfig producer;
        producer.kafka = config_.kafka;
        producer.client_id = kService;
        return producer;
    }

    Config config_;
    SystemClock clock_;
    mutable postgres::Pool pool_;  // a probe of ready() takes a connection
    PostgresKnowledgeStore store_{pool_};
    KnowledgeIndexes indexes_;
    BuiltinReplyEngine engine_{indexes_};
    AnswerTurn answer_turn_;
    ManageKnowledge manage_knowledge_{store_, indexes_};
    KnowledgeRpc knowledge_rpc_{manage_knowledge_, answer_turn_};
    kafka::Producer producer_;
    kafka::DeadLetters dead_letters_;
    RequestHandler handler_{answer_turn_, producer_, dead_letters_, clock_};
    kafka::Consumer consumer_;
    rpc::Server server_;
};

}  // namespace

std::unique_ptr<runtime::App> make_app(Config config, telemetry::Metrics& metrics) {
    return std::make_unique<AiReplyApp>(std::move(config), metrics);
}

}  // namespace tecnochat::ai_reply
