#pragma once

#include <array>

#include "ports.hpp"
#include "tecnochat/telemetry/metrics.hpp"

namespace tecnochat::ai_reply {

/// Answers one turn of a customer, counted and timed. The same turn always gets the same reply id,
/// so that a request delivered twice yields one event. Thread-safe as its engine is.
class AnswerTurn {
 public:
    AnswerTurn(ReplyEngine& engine, const Clock& clock, telemetry::Metrics& metrics);

    Result<Reply> run(const TenantId& tenant, const Question& question, Deadline deadline);

    /// UUIDv5 of the turn.
    static MessageId reply_id(const TurnId& turn);

 private:
    ReplyEngine& engine_;
    const Clock& clock_;
    std::array<telemetry::Counter, 4> answered_by_action_;
    telemetry::Counter failed_;
    telemetry::Histogram duration_;
};

}  // namespace tecnochat::ai_reply
