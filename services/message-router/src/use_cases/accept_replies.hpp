#pragma once

#include <span>

#include "domain/reply.hpp"
#include "tecnochat/core/clock.hpp"
#include "tecnochat/outbox/outbox.hpp"
#include "tecnochat/pipeline/source.hpp"
#include "use_cases/reach.hpp"
#include "use_cases/router_metrics.hpp"

namespace tecnochat::message_router {

/// Topic ai.replies: ends a turn with the AI's words if the turn is still waiting for them, and
/// drops them otherwise; also where the customer was erased, or the number was disconnected or
/// belongs to somebody else by now. A reply brought twice finds its turn closed, so no inbox is
/// needed. What it is made of outlives it. A pipeline::UseCase.
class AcceptReplies {
 public:
    using Item = pipeline::Incoming<domain::AiReply>;
    using Prepared = Reach;

    AcceptReplies(
        Reach::Sources sources, outbox::Outbox& outbox, RouterMetrics& metrics, const Clock& clock
    )
        : sources_(sources), outbox_(outbox), metrics_(metrics), clock_(clock) {}

    Result<Reach> prepare(std::span<const Item> items, Deadline deadline);
    Result<pipeline::Effects> run(
        postgres::Transaction& transaction, std::span<const Item> items, Reach& reach
    );
    /// Parks the conversation.
    Result<pipeline::Effects> refuse(
        postgres::Transaction& transaction, const Item& item, const Error& error, Reach& reach
    );

 private:
    Reach::Sources sources_;
    outbox::Outbox& outbox_;
    RouterMetrics& metrics_;
    const Clock& clock_;
};

}  // namespace tecnochat::message_router
