#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "domain/conversation.hpp"
#include "tecnochat/pipeline/effects.hpp"
#include "tecnochat/postgres/transaction.hpp"
#include "tecnochat/telemetry/metrics.hpp"

namespace tecnochat::message_router {

/// The turns that one transaction ended, by outcome and reason of silence.
class EndedTurns {
 public:
    void add(const domain::TurnEnd& end, std::int64_t by = 1) {
        if (by > 0) counts_[{to_string(end.outcome), end.reason}] += by;
    }

 private:
    friend class RouterMetrics;
    std::map<std::pair<std::string_view, std::string_view>, std::int64_t> counts_;
};

/// The service's own metrics, names in one place. What belongs to a transaction is counted once
/// that has committed: as an act of its effects. Outlives them; thread-safe.
class RouterMetrics {
 public:
    explicit RouterMetrics(telemetry::Metrics& metrics) : metrics_(metrics) {}

    void count(pipeline::Effects& effects, EndedTurns turns);
    /// As many turns as the statement affected ended because their conversation was handed over.
    void count_superseded(pipeline::Effects& effects, postgres::Pending queued);
    /// Turns handed over because the AI did not answer in time.
    void count_overdue(pipeline::Effects& effects, std::int64_t turns);
    /// From the customer's message to its stored answer, of each answer.
    void observe_replies(pipeline::Effects& effects, std::vector<double> seconds);

 private:
    void turns(std::string_view outcome, std::string_view reason, std::int64_t by);

    telemetry::Metrics& metrics_;
};

}  // namespace tecnochat::message_router
