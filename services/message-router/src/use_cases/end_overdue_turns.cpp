#include "use_cases/end_overdue_turns.hpp"

#include <algorithm>

#include "tecnochat/pipeline/transact.hpp"
#include "tecnochat/telemetry/log.hpp"

namespace tecnochat::message_router {
namespace {

constexpr std::size_t kTurnsAtOnce = 500;
// A pass ends even if there is always more; the next one goes on.
constexpr int kPagesPerPass = 20;
constexpr Milliseconds kTransactionTime = std::chrono::seconds(30);
constexpr Milliseconds kFirstPause = std::chrono::seconds(30);
constexpr Milliseconds kLongestPause = std::chrono::hours(1);
// Beyond it a turn is only tried sooner than it must be.
constexpr std::size_t kMostFailures = 20'000;

StepFailpoints commit_failpoints{"message-router.overdue.commit"};

}  // namespace

EndOverdueTurns::EndOverdueTurns(
    Reach::Sources sources,
    outbox::Outbox& outbox,
    RouterMetrics& metrics,
    const Clock& clock,
    Milliseconds limit
)
    : sources_(sources), outbox_(outbox), metrics_(metrics), clock_(clock), limit_(limit) {}

Status EndOverdueTurns::run() {
    const auto tenants = sources_.directory.tenants();
    for (int pages = 0; pages < kPagesPerPass; ++pages) {
        TECNOCHAT_TRY(const auto page, next_page(tenants));
        TECNOCHAT_CHECK(end(due(page), tenants));
        if (page.size() < kTurnsAtOnce) {
            after_.reset();
            forget_old();
            break;
        }
        after_ = {page.back().opened_at, page.back().id};
    }
    return ok();
}

// Without locks, in a transaction of its own: what changes meanwhile shows under the locks.
Result<std::vector<store::OpenTurn>> EndOverdueTurns::next_page(std::span<const TenantId> tenants) {
    TECNOCHAT_TRY(
        auto transaction,
        postgres::Transaction::begin(sources_.pool, tenants, Deadline::after(kTransactionTime))
    );
    return store::turns::open_since(
        transaction, clock_.now() - limit_, after_, static_cast<int>(kTurnsAtOnce)
    );
}

std::vector<TurnKey> EndOverdueTurns::due(std::span<const store::OpenTurn> page) const {
    const auto now = clock_.steady_now();
    std::vector<TurnKey> keys;
    for (const auto& turn : page) {
        const auto failure = failures_.find(turn.id);
        if (failure == failures_.end() || failure->second.next_try <= now)
            keys.push_back({turn.conversation, turn.id});
    }
    return keys;
}

Status EndOverdueTurns::end(std::span<const TurnKey> overdue, std::span<const TenantId> tenants) {
    const auto deadline = Deadline::after(kTransactionTime);
    std::vector<store::ConversationRef> refs;
    refs.reserve(overdue.size());
    for (const auto& key : overdue) refs.push_back(key.conversation);
    TECNOCHAT_TRY(const auto reach, Reach::of(sources_, refs, deadline));
    TECNOCHAT_TRY(
        auto done,
        pipeline::transact(
            {sources_.pool, tenants, deadline, &commit_failpoints},
            overdue,
            [&](postgres::Transaction& transaction, std::span<const TurnKey> keys) {
                return give_up(transaction, keys, reach);
            }
        )
    );
    for (const auto& [item, error] : done.refused) remember(overdue[item], error);
    outbox_.publish(std::move(done.effects.events));
    for (const auto& act : done.effects.acts) act();
    return ok();
}

Result<pipeline::Effects> EndOverdueTurns::give_up(
    postgres::Transaction& transaction, std::span<const TurnKey> overdue, const Reach& reach
) {
    TECNOCHAT_TRY(auto endings, TurnEndings::lock(transaction, overdue));
    const Timestamp now = clock_.now();
    std::int64_t handed_over = 0;
    for (const auto& key : overdue) {
        const auto found = endings.find(key);
        // Whose key cannot be had now is tried in the next pass.
        if (!found || !reach.settled(key.conversation)) continue;
        TECNOCHAT_TRY(const auto obstacle, reach.obstacle(key.conversation));
        auto& [conversation, turn] = *found;
        const auto decision =
            domain::give_up(conversation.state, turn, now, limit_, obstacle.empty());
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
    TECNOCHAT_TRY(auto effects, endings.write(transaction, {reach.keys(), outbox_, metrics_}, now));
    metrics_.count_overdue(effects, handed_over);
    return effects;
}

void EndOverdueTurns::remember(const TurnKey& key, const Error& error) {
    telemetry::log_error(
        "an overdue turn could not be ended",
        {{"tenant_id", key.conversation.tenant.to_string()},
         {"conversation_id", key.conversation.id.to_string()},
         {"turn_id", key.turn.to_string()},
         {"code", to_string(error.code)},
         {"reason", error.reason}}
    );
    if (failures_.size() >= kMostFailures) failures_.clear();
    auto& failure = failures_[key.turn];
    const auto pause = failure.pause.count() == 0 ? kFirstPause : failure.pause * 2;
    failure.pause = std::min(pause, kLongestPause);
    failure.next_try = clock_.steady_now() + failure.pause;
}

// Those that nobody met again since their pause ended were closed by somebody else.
void EndOverdueTurns::forget_old() {
    const auto now = clock_.steady_now();
    std::erase_if(failures_, [&](const auto& entry) {
        return entry.second.next_try + kLongestPause < now;
    });
}

}  // namespace tecnochat::message_router
