#include "use_cases/receive_inbound.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "domain/ai_visible_text.hpp"
#include "events/decode.hpp"
#include "events/encode.hpp"
#include "store/turns.hpp"
#include "tecnochat/core/assert.hpp"
#include "tecnochat/postgres/inbox.hpp"
#include "tecnochat/telemetry/log.hpp"
#include "use_cases/turn_reply.hpp"

namespace tecnochat::message_router {
namespace {

constexpr std::string_view kConsumer = "inbound";

Failpoint before_commit{"message-router.inbound.commit.before"};
Failpoint after_commit{"message-router.inbound.commit.after"};

// Two batches may make the same contact or conversation; the loser finds it at the second try.
constexpr int kFindAttempts = 3;

Error lost_race() {
    return make_error(ErrorCode::kAborted, "rows changed meanwhile", "FIND_RACE");
}

// A server was away or did not answer in time, rather than two transactions in each other's way.
bool is_outage(const Error& error) {
    return error.code == ErrorCode::kUnavailable || error.code == ErrorCode::kDeadlineExceeded;
}

std::vector<TenantId> tenants_of(std::span<const InboundItem> items) {
    std::set<TenantId> tenants;
    for (const auto& item : items) tenants.insert(item.tenant);
    return {tenants.begin(), tenants.end()};
}

store::ConversationKey key_of(const InboundItem& item, const ContactId& contact) {
    return {item.tenant, contact, item.message.phone_number_id};
}

store::LockedConversation new_conversation(const store::ConversationKey& key, Timestamp now) {
    store::LockedConversation conversation;
    conversation.state.tenant = key.tenant;
    conversation.state.id = ConversationId::generate(now);
    conversation.phone_number_id = key.phone_number_id;
    conversation.contact = key.contact;
    return conversation;
}

// Collects what one run of items writes.
struct Writes {
    std::vector<store::NewTurn> turns;
    std::vector<store::NewMessage> messages;
    std::vector<outbox::Entry> events;
};

store::NewMessage inbound_row(
    const InboundItem& item,
    const store::LockedConversation& conversation,
    const TurnId& turn,
    std::int64_t sequence,
    Timestamp now
) {
    store::NewMessage row;
    row.tenant = item.tenant;
    row.id = MessageId::generate(now);
    row.conversation = conversation.state.id;
    row.person = conversation.contact;
    row.sequence = sequence;
    row.direction = domain::Direction::kIn;
    row.provenance = domain::Provenance::kCustomer;
    row.type = item.message.type;
    row.body = item.message.body;
    row.wamid = item.message.wamid;
    row.status = domain::MessageStatus::kReceived;
    row.turn = turn;
    row.created_at = item.message.received_at;
    row.sent_at = item.message.sent_at;
    return row;
}

// The events of a turn that the AI answers, or that our own sentence has answered.
void add_events(
    Writes& writes,
    const InboundItem& item,
    const store::LockedConversation& conversation,
    const store::NewMessage& inbound,
    const domain::InboundDecision& decision,
    Timestamp now
) {
    const events::Envelope envelope{item.tenant, conversation.state.id, now, item.record->trace()};
    const bool ask = !decision.end.has_value();
    if (!ask && !decision.reply_sequence) return;
    writes.events.push_back(events::mark_read(
        envelope, conversation.phone_number_id, inbound.id, item.message.wamid, ask
    ));
    if (ask) {
        auto words = domain::AiVisibleText::from(inbound.provenance, inbound.body);
        TECNOCHAT_ASSERT(words.has_value(), "an AI turn of words the AI must not see");
        writes.events.push_back(events::ai_request(
            envelope, inbound.turn, conversation.state.turn_epoch, {std::move(*words)}
        ));
        return;
    }
    auto reply = turn_reply(
        conversation,
        item.message.from,
        inbound.turn,
        *decision.reply_sequence,
        {domain::Provenance::kSystem, std::string(domain::kUnreadableReply), {}},
        now,
        item.record->trace()
    );
    writes.events.push_back(std::move(reply.event));
    writes.messages.push_back(std::move(reply.row));
}

}  // namespace

ReceiveInbound::ReceiveInbound(
    postgres::Pool& pool,
    Directory& directory,
    crypto::ContentSealer& sealer,
    outbox::Outbox& outbox,
    kafka::DeadLetters& dead_letters,
    RouterMetrics& metrics,
    const Clock& clock,
    Milliseconds stale_after
)
    : pool_(pool),
      directory_(directory),
      outbox_(outbox),
      dead_letters_(dead_letters),
      metrics_(metrics),
      clock_(clock),
      stale_after_(stale_after),
      contacts_(sealer),
      messages_(sealer) {}

ReceiveInbound::Place ReceiveInbound::place_of(const kafka::Record& record) {
    return {record.partition, record.offset};
}

Status ReceiveInbound::operator()(std::span<const kafka::Record> records) {
    metrics_.record_standing(unknown_numbers_.go_on(clock_.steady_now()));
    TECNOCHAT_TRY(const bool all_settled, settle(records));
    if (!all_settled) {
        unknown_numbers_.stand(clock_.steady_now());
        return make_error(
            ErrorCode::kUnavailable, "messages wait for a channel event", "UNKNOWN_NUMBER"
        );
    }
    settled_.clear();
    return ok();
}

Result<bool> ReceiveInbound::settle(std::span<const kafka::Record> records) {
    Effects effects;
    TECNOCHAT_TRY(auto items, decode(records));
    TECNOCHAT_TRY(const auto routed, route(std::move(items), effects));
    if (!routed.items.empty()) {
        const Batch<InboundItem> batch{
            pool_,
            tenants_of(routed.items),
            {&before_commit, &after_commit},
            [this](auto& transaction, auto run) { return store(transaction, run); },
            [this](auto& transaction, const auto& item, const auto& error) {
                return set_aside(transaction, item, error);
            }
        };
        auto done = batch.run(routed.items);
        if (!done) {
            // Known numbers are routed from memory, so that here an outage may show first.
            if (is_outage(done.error())) unknown_numbers_.directory_lost();
            return std::move(done).error();
        }
        effects.merge(std::move(done).value());
    }
    metrics_.record(kConsumer, effects);
    outbox_.publish(std::move(effects.events));
    if (routed.waiting.empty()) return true;
    for (const auto& record : records) {
        if (!routed.waiting.contains(place_of(record))) settled_.insert(place_of(record));
    }
    return false;
}

Result<std::vector<InboundItem>> ReceiveInbound::decode(std::span<const kafka::Record> records) {
    std::vector<InboundItem> items;
    items.reserve(records.size());
    for (const auto& record : records) {
        if (settled_.contains(place_of(record))) continue;
        auto message = events::inbound_message(record);
        if (message) {
            items.push_back({TenantId(), std::move(*message), &record});
        } else {
            TECNOCHAT_CHECK(put_aside(record, "unparsable"));
        }
    }
    return items;
}

Result<ReceiveInbound::Routed> ReceiveInbound::route(
    std::vector<InboundItem> items, Effects& effects
) {
    std::vector<std::string> numbers;
    numbers.reserve(items.size());
    for (const auto& item : items) numbers.push_back(item.message.phone_number_id);
    const auto known = directory_.lookup(numbers, Deadline::after(kTransactionBudget));
    if (!known) {
        if (is_outage(known.error())) unknown_numbers_.directory_lost();
        return known.error();
    }
    unknown_numbers_.directory_read(clock_.steady_now());
    Routed routed;
    routed.items.reserve(items.size());
    for (auto& item : items) {
        const auto& number = item.message.phone_number_id;
        const auto entry = known->find(number);
        if (entry == known->end()) {
            const auto age = clock_.now() - item.record->timestamp;
            if (unknown_numbers_.awaits(number, age, clock_.steady_now())) {
                routed.waiting.insert(place_of(*item.record));
            } else {
                TECNOCHAT_CHECK(put_aside(*item.record, "unknown_number"));
            }
        } else if (entry->second.state == domain::ChannelState::kDisconnected) {
            // Nothing of it is kept: the business has disconnected this number.
            effects.count_drop("disconnected");
        } else {
            item.tenant = entry->second.tenant;
            routed.items.push_back(std::move(item));
        }
    }
    return routed;
}

Status ReceiveInbound::put_aside(const kafka::Record& record, std::string_view reason) {
    TECNOCHAT_CHECK(dead_letters_.put(record, reason));
    settled_.insert(place_of(record));
    return ok();
}

Result<Effects> ReceiveInbound::store(
    postgres::Transaction& transaction, std::span<const InboundItem> items
) {
    std::vector<postgres::InboxEntry> entries;
    entries.reserve(items.size());
    for (const auto& item : items) entries.push_back({item.tenant, item.message.wamid});
    TECNOCHAT_TRY(const auto first, postgres::inbox_insert(transaction, kConsumer, entries));

    Effects effects;
    std::vector<const InboundItem*> fresh;
    fresh.reserve(items.size());
    for (std::size_t i = 0; i < items.size(); ++i) {
        if (first[i]) {
            fresh.push_back(&items[i]);
        } else {
            effects.count_drop("duplicate");
        }
    }
    if (fresh.empty()) return effects;
    TECNOCHAT_TRY(const auto contacts, find_contacts(transaction, fresh));
    TECNOCHAT_TRY(auto conversations, find_conversations(transaction, fresh, contacts));
    TECNOCHAT_TRY(auto written, decide_and_write(transaction, fresh, contacts, conversations));
    effects.merge(std::move(written));
    return effects;
}

Result<std::vector<ContactId>> ReceiveInbound::find_contacts(
    postgres::Transaction& transaction, std::span<const InboundItem* const> items
) {
    std::vector<store::ContactKey> keys;
    keys.reserve(items.size());
    for (const auto* item : items) keys.push_back({item->tenant, item->message.from});
    for (int attempt = 0; attempt < kFindAttempts; ++attempt) {
        TECNOCHAT_TRY(auto known, contacts_.find(transaction, keys));
        domain::ContactBook book(std::move(known));
        std::vector<std::size_t> positions;
        positions.reserve(items.size());
        for (const auto* item : items) {
            const auto& message = item->message;
            positions.push_back(
                book.resolve(item->tenant, message.from, message.profile_name, clock_.now())
            );
        }
        TECNOCHAT_TRY(const bool ours, contacts_.insert(transaction, book.created()));
        if (!ours) continue;
        TECNOCHAT_CHECK(contacts_.update(transaction, book.changed()));
        std::vector<ContactId> ids;
        ids.reserve(items.size());
        for (const auto position : positions) ids.push_back(book.contacts()[position].id);
        return ids;
    }
    return lost_race();
}

Result<std::vector<store::LockedConversation>> ReceiveInbound::find_conversations(
    postgres::Transaction& transaction,
    std::span<const InboundItem* const> items,
    std::span<const ContactId> contacts
) {
    std::set<store::ConversationKey> wanted;
    for (std::size_t i = 0; i < items.size(); ++i) wanted.insert(key_of(*items[i], contacts[i]));
    const std::vector<store::ConversationKey> keys(wanted.begin(), wanted.end());
    for (int attempt = 0; attempt < kFindAttempts; ++attempt) {
        TECNOCHAT_TRY(auto locked, store::conversations::lock(transaction, keys));
        if (locked.size() == keys.size()) return locked;
        auto missing = wanted;
        for (const auto& conversation : locked) {
            missing.erase(
                {conversation.state.tenant, conversation.contact, conversation.phone_number_id}
            );
        }
        std::vector<store::LockedConversation> made;
        for (const auto& key : missing) made.push_back(new_conversation(key, clock_.now()));
        TECNOCHAT_TRY(const bool ours, store::conversations::insert(transaction, made));
        if (!ours) continue;
        locked.insert(locked.end(), made.begin(), made.end());
        return locked;
    }
    return lost_race();
}

Result<Effects> ReceiveInbound::decide_and_write(
    postgres::Transaction& transaction,
    std::span<const InboundItem* const> items,
    std::span<const ContactId> contacts,
    std::vector<store::LockedConversation>& conversations
) {
    std::map<store::ConversationKey, store::LockedConversation*> by_key;
    for (auto& conversation : conversations) {
        by_key[{conversation.state.tenant, conversation.contact, conversation.phone_number_id}] =
            &conversation;
    }
    const Timestamp now = clock_.now();
    Effects effects;
    Writes writes;
    for (std::size_t i = 0; i < items.size(); ++i) {
        const InboundItem& item = *items[i];
        auto& conversation = *by_key.at(key_of(item, contacts[i]));
        const auto decision = domain::receive(conversation.state, item.message, now, stale_after_);
        const auto turn = TurnId::generate(now);
        writes.turns.push_back(
            {item.tenant,
             turn,
             conversation.state.id,
             conversation.state.turn_epoch,
             decision.end,
             item.message.received_at}
        );
        writes.messages.push_back(inbound_row(item, conversation, turn, decision.sequence, now));
        const auto inbound = writes.messages.back();
        add_events(writes, item, conversation, inbound, decision, now);
        if (decision.end) effects.count_turn(*decision.end);
    }
    TECNOCHAT_CHECK(store::turns::insert(transaction, writes.turns, now));
    TECNOCHAT_CHECK(messages_.insert(transaction, writes.messages));
    std::vector<const domain::Conversation*> states;
    states.reserve(conversations.size());
    for (const auto& conversation : conversations) states.push_back(&conversation.state);
    TECNOCHAT_CHECK(store::conversations::update(transaction, states));
    TECNOCHAT_TRY(effects.events, outbox_.append(transaction, std::move(writes.events)));
    return effects;
}

Result<Effects> ReceiveInbound::set_aside(
    postgres::Transaction& transaction, const InboundItem& item, const Error& error
) {
    telemetry::log_error(
        "inbound message set aside, its conversation is parked",
        {{"tenant_id", item.tenant.to_string()},
         {"partition", item.record->partition},
         {"offset", item.record->offset},
         {"code", to_string(error.code)},
         {"reason", error.reason}}
    );
    TECNOCHAT_CHECK(dead_letters_.put(*item.record, "failed"));
    const Status parked = transaction.with_savepoint([&] { return park(transaction, item); });
    // Without a contact or conversation to be had there is nothing to park.
    if (!parked && !is_items_fault(parked.error())) return parked.error();
    return Effects();
}

Status ReceiveInbound::park(postgres::Transaction& transaction, const InboundItem& item) {
    const InboundItem* const one[] = {&item};
    TECNOCHAT_TRY(const auto contacts, find_contacts(transaction, one));
    TECNOCHAT_TRY(auto conversations, find_conversations(transaction, one, contacts));
    auto& state = conversations.front().state;
    state.parked = true;
    state.last_message_at = std::max(state.last_message_at, item.message.received_at);
    const domain::Conversation* const states[] = {&state};
    return store::conversations::update(transaction, states);
}

}  // namespace tecnochat::message_router
