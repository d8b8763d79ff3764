#include "accept_replies.hpp"

#include <map>
#include <set>

#include "events/decode.hpp"
#include "events/encode.hpp"
#include "store/turns.hpp"
#include "tecnochat/telemetry/log.hpp"

namespace tecnochat::message_router {
namespace {

constexpr std::string_view kConsumer = "replies";

Failpoint before_commit{"message-router.replies.commit.before"};
Failpoint after_commit{"message-router.replies.commit.after"};

store::ConversationRef conversation_of(const ReplyItem& item) {
    return {item.reply.tenant, item.reply.conversation};
}

store::NewMessage reply_row(
    const domain::AiReply& reply,
    const store::LockedConversation& conversation,
    std::int64_t sequence,
    Timestamp now
) {
    store::NewMessage row;
    row.tenant = reply.tenant;
    row.id = domain::reply_id_of(reply.turn);
    row.conversation = conversation.state.id;
    row.person = conversation.contact;
    row.sequence = sequence;
    row.direction = domain::Direction::kOut;
    row.provenance = domain::Provenance::kAi;
    row.type = "text";
    row.body = reply.text;
    row.status = domain::MessageStatus::kQueued;
    row.turn = reply.turn;
    row.sources = reply.sources;
    row.created_at = now;
    return row;
}

// What one run of replies reads under lock, by key.
struct Locked {
    std::vector<store::LockedConversation> conversations;
    std::map<store::ConversationRef, store::LockedConversation*> by_ref;
    std::map<TurnId, domain::Turn> turns;
};

// Turns are read after the locks are held, by a statement of its own: an earlier snapshot could
// show a turn open that another transaction has just closed.
Result<Locked> lock(postgres::Transaction& transaction, std::span<const ReplyItem> items) {
    std::set<store::ConversationRef> refs;
    std::set<store::TurnRef> turns;
    for (const auto& item : items) {
        refs.insert(conversation_of(item));
        turns.insert({item.reply.tenant, item.reply.turn});
    }
    Locked locked;
    const std::vector<store::ConversationRef> sorted(refs.begin(), refs.end());
    TECNOCHAT_TRY(locked.conversations, store::conversations::lock(transaction, sorted));
    for (auto& conversation : locked.conversations) {
        locked.by_ref[{conversation.state.tenant, conversation.state.id}] = &conversation;
    }
    const std::vector<store::TurnRef> turn_refs(turns.begin(), turns.end());
    TECNOCHAT_TRY(auto found, store::turns::find(transaction, turn_refs));
    for (auto& turn : found) locked.turns.emplace(turn.id, turn);
    return locked;
}

// What one run of replies writes.
struct Writes {
    std::vector<store::NewMessage> messages;
    std::vector<store::ClosedTurn> closed;
    std::set<store::ConversationRef> handed_over;
    std::set<const domain::Conversation*> changed;
    std::vector<outbox::Entry> events;
};

void apply(
    const ReplyItem& item,
    store::LockedConversation& conversation,
    domain::Turn& turn,
    Timestamp now,
    Writes& writes,
    Effects& effects
) {
    const auto& reply = item.reply;
    const auto decision = domain::accept(conversation.state, turn, reply, now);
    if (!decision.dropped.empty()) effects.count_drop(decision.dropped);
    if (decision.end) {
        turn.open = false;
        writes.closed.push_back({{reply.tenant, turn.id}, *decision.end});
        effects.count_turn(*decision.end);
    }
    if (!decision.dropped.empty()) return;
    writes.changed.insert(&conversation.state);
    effects.reply_seconds.push_back(std::chrono::duration<double>(now - turn.opened_at).count());
    if (decision.supersede_others) writes.handed_over.insert(conversation_of(item));
    if (!decision.sequence) return;
    auto row = reply_row(reply, conversation, *decision.sequence, now);
    writes.events.push_back(events::send_text(
        {reply.tenant, conversation.state.id, now, item.record->trace()},
        {conversation.contact,
         conversation.phone_number_id,
         row.id,
         conversation.customer,
         row.body,
         conversation.state.window_until}
    ));
    writes.messages.push_back(std::move(row));
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
    TECNOCHAT_TRY(auto locked, lock(transaction, items));
    const Timestamp now = clock_.now();
    Effects effects;
    Writes writes;
    for (const auto& item : items) {
        const auto conversation = locked.by_ref.find(conversation_of(item));
        const auto turn = locked.turns.find(item.reply.turn);
        if (conversation == locked.by_ref.end() || turn == locked.turns.end()) {
            effects.count_drop(domain::drop::kUnknownTurn);
            continue;
        }
        apply(item, *conversation->second, turn->second, now, writes, effects);
    }
    TECNOCHAT_CHECK(store::turns::close(transaction, writes.closed, now));
    const std::vector<store::ConversationRef> handed_over(
        writes.handed_over.begin(), writes.handed_over.end()
    );
    TECNOCHAT_TRY(
        const auto superseded, store::turns::supersede_open(transaction, handed_over, now)
    );
    effects.count_turn({domain::Outcome::kSilence, domain::silence::kSuperseded}, superseded);
    TECNOCHAT_CHECK(messages_.insert(transaction, writes.messages));
    const std::vector<const domain::Conversation*> changed(
        writes.changed.begin(), writes.changed.end()
    );
    TECNOCHAT_CHECK(store::conversations::update(transaction, changed));
    TECNOCHAT_TRY(effects.events, outbox_.append(transaction, writes.events));
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
