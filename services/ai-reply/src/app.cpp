#include "app.hpp"

#include "consumers.hpp"
#include "rpc/knowledge_rpc.hpp"
#include "store/postgres_knowledge_store.hpp"
#include "use_cases/answer_turn.hpp"
#include "use_cases/builtin_reply_engine.hpp"
#include "use_cases/knowledge_indexes.hpp"
#include "use_cases/manage_knowledge.hpp"

namespace tecnochat::ai_reply {
namespace {

runtime::ServiceSteps steps{"ai-reply", kShape};

/// One for the consumer, the rest for RPCs.
constexpr int kConnections = 4;

class AiReplyApp final : public runtime::ServiceApp {
 public:
    AiReplyApp(const Config& config, telemetry::Metrics& metrics)
        : ServiceApp(steps, config.service, {.connections = kConnections}, metrics),
          indexes_(
              store_,
              clock(),
              {static_cast<std::size_t>(config.index_tenants), config.index_check_ms},
              metrics
          ),
          answer_turn_(engine_, clock(), metrics) {
        serve(knowledge_rpc_);
        consume(kRequests, answer_requests(runtime(), answer_turn_, clock()));
    }

 private:
    PostgresKnowledgeStore store_{pool()};
    KnowledgeIndexes indexes_;
    BuiltinReplyEngine engine_{indexes_};
    AnswerTurn answer_turn_;
    ManageKnowledge manage_knowledge_{store_, indexes_};
    KnowledgeRpc knowledge_rpc_{manage_knowledge_, answer_turn_};
};

}  // namespace

std::unique_ptr<runtime::App> make_app(const Config& config, telemetry::Metrics& metrics) {
    return std::make_unique<AiReplyApp>(config, metrics);
}

}  // namespace tecnochat::ai_reply
