#include "use_cases/answer_turn.hpp"

#include <chrono>
#include <string>

namespace tecnochat::ai_reply {
namespace {

telemetry::Counter requests(telemetry::Metrics& metrics, const std::string& action) {
    return metrics.counter(
        "tecnochat_ai_reply_requests_total",
        "Questions by what was decided about them",
        {{"action", action}}
    );
}

}  // namespace

AnswerTurn::AnswerTurn(ReplyEngine& engine, const Clock& clock, telemetry::Metrics& metrics)
    : engine_(engine),
      clock_(clock),
      // In the order of Action.
      answered_by_action_{
          requests(metrics, "answer"),
          requests(metrics, "refuse"),
          requests(metrics, "handoff"),
          requests(metrics, "smalltalk")
      },
      failed_(requests(metrics, "failed")),
      duration_(metrics.histogram(
          "tecnochat_ai_reply_answer_duration_seconds", "Time from question to decision"
      )) {}

Result<Reply> AnswerTurn::run(const TenantId& tenant, const Question& question, Deadline deadline) {
    const auto begin = clock_.steady_now();
    Result<Reply> reply = engine_.reply(tenant, question, deadline);
    duration_.observe(std::chrono::duration<double>(clock_.steady_now() - begin).count());
    if (reply) {
        answered_by_action_.at(static_cast<std::size_t>(reply->action)).increment();
    } else {
        failed_.increment();
    }
    return reply;
}

MessageId AnswerTurn::reply_id(const TurnId& turn) {
    return MessageId(Uuid::v5(kTecnochatNamespace, "reply:" + turn.to_string()));
}

}  // namespace tecnochat::ai_reply
