#include "use_cases/accept_replies.hpp"

#include <set>

#include "events/decode.hpp"
#include "tecnochat/telemetry/log.hpp"
#include "use_cases/turn_endings.hpp"

namespace tecnochat::message_router {
namespace {

constexpr std::string_view kConsumer = "replies";

Failpoint before_commit{"message-router.replies.commit.before"};
Failpoint after_commit{"message-router.replies.commit.after"};

store::ConversationRef conversation_of(const ReplyItem& item) {
    return {item.reply.tenant, item.reply.conversation};
}

TurnKey key_of(const ReplyItem& item) {
    return {conversation_of(item), item.reply.turn};
}

}  // namespace

AcceptReplies::AcceptReplies(
    postgres::Pool& pool,
    crypto::ContentSealer& sealer,
    outbox::Outbox& outbox,
    kafka::DeadLetters& dead_letters,
    RouterMetrics& metrics,
    const Clock& clock
)
    : pool_(pool),
      outbox_(outbox),
      dead_letters_(dead_letters),
      metrics_(metrics),
      clock_(clock),
      messages_(sealer) {}

Status AcceptReplies::operator()(std::span<const kafka::Record> records) {
    std::vector<ReplyItem> items;
    std::set<TenantId> tenants;
    for (const auto& record : records) {
        auto reply = events::ai_reply(record);
        if (!reply) {
            TECNOCHAT_CHECK(dead_letters_.put(record, "unparsable"));
            continue;
        }
        tenants.insert(reply->tenant);
        items.push_back({std::move(*reply), &record});
    }
    if (items.empty()) return ok();
    const Batch<ReplyItem> batch{
        pool_,
        {tenants.begin(), tenants.end()},
        {&before_commit, &after_commit},
        [this](auto& transaction, auto run) { return accept(transaction, run); },
        [this](auto& transaction, const auto& item, const auto& error) {
            return set_aside(transaction, item, error);
        }
    };
    TECNOCHAT_TRY(auto effects, batch.run(items));
    metrics_.record(kConsumer, effects);
    outbox_.publish(std::move(effects.events));
    return ok();
}

Result<Effects> AcceptReplies::accept(
    postgres::Transaction& transaction, std::span<const ReplyItem> items
) {
    std::vector<TurnKey> keys;
    keys.reserve(items.size());
    for (const auto& item : items) keys.push_back(key_of(item));
    TECNOCHAT_TRY(auto endings, TurnEndings::lock(transaction, keys));
    const Timestamp now = clock_.now();
    Effects effects;
    for (const auto& item : items) {
        const auto found = endings.find(key_of(item));
        if (!found) {
            effects.count_drop(domain::drop::kUnknownTurn);
            continue;
        }
        auto& [conversation, turn] = *found;
        const auto decision = domain::accept(conversation.state, turn, item.reply, now);
        if (decision.dropped.empty()) {
            effects.reply_seconds.push_back(
                std::chrono::duration<double>(now - turn.opened_at).count()
            );
        } else {
            effects.count_drop(decision.dropped);
        }
        endings.add(
            *found,
            decision,
            {domain::Provenance::kAi, item.reply.text, item.reply.sources},
            now,
            item.record->trace()
        );
    }
    TECNOCHAT_TRY(auto written, endings.write(transaction, messages_, outbox_, now));
    effects.merge(std::move(written));
    return effects;
}

Result<Effects> AcceptReplies::set_aside(
    postgres::Transaction& transaction, const ReplyItem& item, const Error& error
) {
    telemetry::log_error(
        "AI reply set aside, its conversation is parked",
        {{"tenant_id", item.reply.tenant.to_string()},
         {"conversation_id", item.reply.conversation.to_string()},
         {"partition", item.record->partition},
         {"offset", item.record->offset},
         {"code", to_string(error.code)},
         {"reason", error.reason}}
    );
    TECNOCHAT_CHECK(dead_letters_.put(*item.record, "failed"));
    const store::ConversationRef refs[] = {conversation_of(item)};
    TECNOCHAT_TRY(auto locked, store::conversations::lock(transaction, refs));
    if (locked.empty()) return Effects();
    locked.front().state.parked = true;
    const domain::Conversation* const states[] = {&locked.front().state};
    TECNOCHAT_CHECK(store::conversations::update(transaction, states));
    return Effects();
}

}  // namespace tecnochat::message_router
