#include "use_cases/turn_endings.hpp"

#include <utility>

#include "tecnochat/core/assert.hpp"

namespace tecnochat::message_router {

// Turns are read after the locks are held, by a statement of its own: an earlier snapshot could
// show a turn open that another transaction has just closed.
Result<TurnEndings> TurnEndings::lock(
    postgres::Transaction& transaction, std::span<const TurnKey> keys
) {
    std::set<store::ConversationRef> refs;
    std::set<store::TurnRef> turns;
    for (const auto& key : keys) {
        refs.insert(key.conversation);
        turns.insert({key.conversation.tenant, key.turn});
    }
    TurnEndings endings;
    const std::vector<store::ConversationRef> sorted(refs.begin(), refs.end());
    TECNOCHAT_TRY(auto locked, store::conversations::lock(transaction, sorted));
    for (auto& conversation : locked) {
        const store::ConversationRef ref{conversation.state.tenant, conversation.state.id};
        endings.conversations_.emplace(ref, std::move(conversation));
    }
    const std::vector<store::TurnRef> turn_refs(turns.begin(), turns.end());
    TECNOCHAT_TRY(auto found, store::turns::find(transaction, turn_refs));
    for (auto& turn : found) endings.turns_.emplace(turn.id, turn);
    return endings;
}

std::optional<TurnEndings::Found> TurnEndings::find(const TurnKey& key) {
    const auto conversation = conversations_.find(key.conversation);
    const auto turn = turns_.find(key.turn);
    if (conversation == conversations_.end() || turn == turns_.end()) return std::nullopt;
    return Found{conversation->second, turn->second};
}

void TurnEndings::add(
    const Found& found,
    const domain::ReplyDecision& decision,
    Words words,
    Timestamp now,
    const std::optional<telemetry::TraceContext>& trace
) {
    auto& [conversation, turn] = found;
    const auto& state = conversation.state;
    if (!decision.end) return;
    turn.open = false;
    closed_.push_back({{state.tenant, turn.id}, *decision.end});
    if (!decision.dropped.empty()) return;
    changed_.insert(&state);
    if (decision.supersede_others) handed_over_.insert({state.tenant, state.id});
    if (!decision.sequence) return;
    auto reply = turn_reply(
        {conversation, conversation.customer, turn.id, *decision.sequence},
        std::move(words),
        now,
        trace
    );
    replies_.push_back(std::move(reply.row));
    events_.push_back(std::move(reply.event));
}

// Everything is queued: it travels with the commit, and what it affected is known behind it.
Result<pipeline::Effects> TurnEndings::write(
    postgres::Transaction& transaction, const Outside& outside, Timestamp now
) {
    pipeline::Effects effects;
    if (closed_.empty()) return effects;
    EndedTurns ended;
    for (const auto& turn : closed_) ended.add(turn.end);
    outside.metrics.count(effects, std::move(ended));
    effects.after_commit([queued = store::turns::close(transaction, closed_, now),
                          count = closed_.size()] {
        TECNOCHAT_ASSERT(
            queued.affected() == static_cast<std::int64_t>(count), "a turn ended twice"
        );
    });
    if (!handed_over_.empty()) {
        const std::vector<store::ConversationRef> refs(handed_over_.begin(), handed_over_.end());
        outside.metrics.count_superseded(
            effects, store::turns::supersede_open(transaction, refs, now)
        );
    }
    TECNOCHAT_CHECK(store::messages::insert(transaction, replies_, outside.keys));
    const std::vector<const domain::Conversation*> changed(changed_.begin(), changed_.end());
    store::conversations::update(transaction, changed);
    TECNOCHAT_TRY(effects.events, outside.outbox.append(transaction, std::move(events_)));
    return effects;
}

}  // namespace tecnochat::message_router
