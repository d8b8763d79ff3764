#pragma once

#include <span>
#include <vector>

#include "directory.hpp"
#include "effects.hpp"
#include "store/messages.hpp"
#include "tecnochat/core/clock.hpp"
#include "use_cases/turn_endings.hpp"

namespace tecnochat::message_router {

/// No turn stays open for good: what the AI has not answered within `limit` (its request or its
/// reply may lie among the dead letters) goes to a person. Several replicas may do it at once.
class EndOverdueTurns {
 public:
    EndOverdueTurns(
        postgres::Pool& pool,
        const Directory& directory,
        crypto::ContentSealer& sealer,
        outbox::Outbox& outbox,
        RouterMetrics& metrics,
        const Clock& clock,
        Milliseconds limit
    );

    /// One pass over every tenant. Commits at least once, so that its failpoints are on the way
    /// also where nothing is overdue.
    Status operator()();

 private:
    Result<std::vector<TurnKey>> find(std::span<const TenantId> tenants);
    Result<Effects> give_up(postgres::Transaction& transaction, std::span<const TurnKey> overdue);

    postgres::Pool& pool_;
    const Directory& directory_;
    outbox::Outbox& outbox_;
    RouterMetrics& metrics_;
    const Clock& clock_;
    Milliseconds limit_;
    store::Messages messages_;
};

}  // namespace tecnochat::message_router
