#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "store/turns.hpp"
#include "tecnochat/core/clock.hpp"
#include "tecnochat/outbox/outbox.hpp"
#include "use_cases/reach.hpp"
#include "use_cases/router_metrics.hpp"
#include "use_cases/turn_endings.hpp"

namespace tecnochat::message_router {

/// No turn stays open for good: what the AI has not answered within `limit` (its request or its
/// reply may lie among the dead letters) goes to a person. A turn that cannot be ended holds up no
/// other: pages go on behind the last turn seen, and it is tried again after a growing pause.
/// Several replicas may do it at once. Used by one thread; what it is made of outlives it.
class EndOverdueTurns {
 public:
    EndOverdueTurns(
        Reach::Sources sources,
        outbox::Outbox& outbox,
        RouterMetrics& metrics,
        const Clock& clock,
        Milliseconds limit
    );

    /// One pass over every tenant, of bounded length: the next one goes on where it ended. Commits
    /// at least once, so that its failpoints are on the way also where nothing is overdue.
    Status run();

 private:
    struct Failure {
        std::chrono::steady_clock::time_point next_try;
        Milliseconds pause;
    };

    Result<std::vector<store::OpenTurn>> next_page(std::span<const TenantId> tenants);
    Status end(std::span<const TurnKey> overdue, std::span<const TenantId> tenants);
    Result<pipeline::Effects> give_up(
        postgres::Transaction& transaction, std::span<const TurnKey> overdue, const Reach& reach
    );
    /// Those to be tried now.
    [[nodiscard]] std::vector<TurnKey> due(std::span<const store::OpenTurn> page) const;
    void remember(const TurnKey& key, const Error& error);
    void forget_old();

    Reach::Sources sources_;
    outbox::Outbox& outbox_;
    RouterMetrics& metrics_;
    const Clock& clock_;
    Milliseconds limit_;
    std::optional<store::OpenTurnCursor> after_;  // nullopt: begin with the oldest
    std::map<TurnId, Failure> failures_;
};

}  // namespace tecnochat::message_router
