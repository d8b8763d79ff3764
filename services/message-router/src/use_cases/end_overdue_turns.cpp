#include "use_cases/end_overdue_turns.hpp"

#include "batch.hpp"
#include "tecnochat/telemetry/log.hpp"

namespace tecnochat::message_router {
namespace {

constexpr std::string_view kConsumer = "overdue";
constexpr int kTurnsAtOnce = 500;
// A pass ends even if nothing can be settled; the next one goes on.
constexpr int kBatchesPerPass = 20;

Failpoint before_commit{"message-router.overdue.commit.before"};
Failpoint after_commit{"message-router.overdue.commit.after"};

Result<Effects> leave_open(postgres::Transaction&, const TurnKey& key, const Error& error) {
    telemetry::log_error(
        "an overdue turn could not be ended",
        {{"tenant_id", key.conversation.tenant.to_string()},
         {"conversation_id", key.conversation.id.to_string()},
         {"turn_id", key.turn.to_string()},
         {"code", to_string(error.code)},
         {"reason", error.reason}}
    );
    return Effects();
}

}  // namespace

EndOverdueTurns::EndOverdueTurns(
    postgres::Pool& pool,
    const Directory& directory,
    crypto::ContentSealer& sealer,
    outbox::Outbox& outbox,
    RouterMetrics& metrics,
    const Clock& clock,
    Milliseconds limit
)
    : pool_(pool),
      directory_(directory),
      outbox_(outbox),
      metrics_(metrics),
      clock_(clock),
      limit_(limit),
      messages_(sealer) {}

Status EndOverdueTurns::operator()() {
    const auto tenants = directory_.tenants();
    for (int batches = 0; batches < kBatchesPerPass; ++batches) {
        TECNOCHAT_TRY(const auto overdue, find(tenants));
        const Batch<TurnKey> batch{
            pool_,
            tenants,
            {&before_commit, &after_commit},
            [this](auto& transaction, auto run) { return give_up(transaction, run); },
            leave_open
        };
        TECNOCHAT_TRY(auto effects, batch.run(overdue));
        metrics_.record(kConsumer, effects);
        outbox_.publish(std::move(effects.events));
        if (overdue.size() < kTurnsAtOnce) break;
    }
    return ok();
}

// Without locks, in a transaction of its own: what changes meanwhile shows under the locks.
Result<std::vector<TurnKey>> EndOverdueTurns::find(std::span<const TenantId> tenants) {
    TECNOCHAT_TRY(
        auto transaction,
        postgres::Transaction::begin(pool_, tenants, Deadline::after(kTransactionBudget))
    );
    TECNOCHAT_TRY(
        const auto open, store::turns::open_since(transaction, clock_.now() - limit_, kTurnsAtOnce)
    );
    std::vector<TurnKey> keys;
    keys.reserve(open.size());
    for (const auto& turn : open) keys.push_back({turn.conversation, turn.id});
    return keys;
}

Result<Effects> EndOverdueTurns::give_up(
    postgres::Transaction& transaction, std::span<const TurnKey> overdue
) {
    TECNOCHAT_TRY(auto endings, TurnEndings::lock(transaction, overdue));
    const Timestamp now = clock_.now();
    std::int64_t handed_over = 0;
    for (const auto& key : overdue) {
        const auto found = endings.find(key);
        if (!found) continue;
        auto& [conversation, turn] = *found;
        const auto decision = domain::give_up(conversation.state, turn, now, limit_);
        if (decision.dropped.empty()) ++handed_over;
        // The request's trace is over: the sentence begins one of its own.
        endings.add(
            *found,
            decision,
            {domain::Provenance::kSystem, std::string(domain::kOverdueReply), {}},
            now,
            telemetry::TraceContext::generate()
        );
    }
    TECNOCHAT_TRY(auto effects, endings.write(transaction, messages_, outbox_, now));
    effects.turns_overdue = handed_over;
    return effects;
}

}  // namespace tecnochat::message_router
