#include "use_cases/accept_replies.hpp"

#include <vector>

#include "use_cases/turn_endings.hpp"

namespace tecnochat::message_router {
namespace {

store::ConversationRef conversation_of(const AcceptReplies::Item& item) {
    return {item.tenant, item.value.conversation};
}

TurnKey key_of(const AcceptReplies::Item& item) {
    return {conversation_of(item), item.value.turn};
}

}  // namespace

Result<Reach> AcceptReplies::prepare(std::span<const Item> items, Deadline deadline) {
    std::vector<store::ConversationRef> refs;
    refs.reserve(items.size());
    for (const auto& item : items) refs.push_back(conversation_of(item));
    return Reach::of(sources_, refs, deadline);
}

Result<pipeline::Effects> AcceptReplies::run(
    postgres::Transaction& transaction, std::span<const Item> items, Reach& reach
) {
    pipeline::Effects effects;
    std::vector<const Item*> reachable;
    std::vector<TurnKey> keys;
    std::vector<channels::Claim> claims;
    for (const auto& item : items) {
        const auto conversation = conversation_of(item);
        TECNOCHAT_TRY(const auto obstacle, reach.obstacle(conversation));
        if (!obstacle.empty()) {
            effects.drop(obstacle);
            continue;
        }
        reachable.push_back(&item);
        keys.push_back(key_of(item));
        if (auto claim = reach.claim(conversation)) claims.push_back(std::move(*claim));
    }
    if (reachable.empty()) return effects;
    TECNOCHAT_CHECK(channels::confirm(transaction, sources_.directory, claims));
    TECNOCHAT_TRY(auto endings, TurnEndings::lock(transaction, keys));
    const Timestamp now = clock_.now();
    std::vector<double> seconds;
    for (const auto* item : reachable) {
        const auto found = endings.find(key_of(*item));
        if (!found) {
            effects.drop(domain::drop::kUnknownTurn);
            continue;
        }
        auto& [conversation, turn] = *found;
        const auto& reply = item->value;
        const auto decision = domain::accept(conversation.state, turn, reply, now);
        if (decision.dropped.empty()) {
            seconds.push_back(std::chrono::duration<double>(now - turn.opened_at).count());
        } else {
            effects.drop(decision.dropped);
        }
        Words words{domain::Provenance::kAi, reply.text, reply.sources};
        endings.add(*found, decision, std::move(words), now, item->trace);
    }
    TECNOCHAT_TRY(auto written, endings.write(transaction, {reach.keys(), outbox_, metrics_}, now));
    effects.merge(std::move(written));
    metrics_.observe_replies(effects, std::move(seconds));
    return effects;
}

Result<pipeline::Effects>
AcceptReplies::refuse(postgres::Transaction& transaction, const Item& item, const Error&, Reach&) {
    const store::ConversationRef refs[] = {conversation_of(item)};
    TECNOCHAT_TRY(auto locked, store::conversations::lock(transaction, refs));
    if (locked.empty()) return pipeline::Effects();
    locked.front().state.parked = true;
    const domain::Conversation* const states[] = {&locked.front().state};
    store::conversations::update(transaction, states);
    return pipeline::Effects();
}

}  // namespace tecnochat::message_router
