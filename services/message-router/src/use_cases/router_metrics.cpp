#include "use_cases/router_metrics.hpp"

#include <string>

namespace tecnochat::message_router {

void RouterMetrics::count(pipeline::Effects& effects, EndedTurns turns) {
    if (turns.counts_.empty()) return;
    effects.after_commit([this, counts = std::move(turns.counts_)] {
        for (const auto& [key, count] : counts) this->turns(key.first, key.second, count);
    });
}

void RouterMetrics::count_superseded(pipeline::Effects& effects, postgres::Pending queued) {
    effects.after_commit([this, queued = std::move(queued)] {
        turns(
            to_string(domain::Outcome::kSilence), domain::silence::kSuperseded, queued.affected()
        );
    });
}

void RouterMetrics::turns(std::string_view outcome, std::string_view reason, std::int64_t by) {
    if (by == 0) return;
    metrics_
        .counter(
            "tecnochat_router_turns_total",
            "Turns that ended, by outcome and reason of silence.",
            {{"outcome", std::string(outcome)}, {"reason", std::string(reason)}}
        )
        .increment(static_cast<double>(by));
}

void RouterMetrics::count_overdue(pipeline::Effects& effects, std::int64_t turns) {
    if (turns == 0) return;
    effects.after_commit([this, turns] {
        metrics_
            .counter(
                "tecnochat_router_turns_overdue_total",
                "Turns handed over to a person because the AI did not answer in time."
            )
            .increment(static_cast<double>(turns));
    });
}

void RouterMetrics::observe_replies(pipeline::Effects& effects, std::vector<double> seconds) {
    if (seconds.empty()) return;
    effects.after_commit([this, seconds = std::move(seconds)] {
        auto latency = metrics_.histogram(
            "tecnochat_router_reply_seconds",
            "From the customer's message reaching us until its answer was stored."
        );
        for (const double took : seconds) latency.observe(took);
    });
}

}  // namespace tecnochat::message_router
