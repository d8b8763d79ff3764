#include "use_cases/receive_inbound.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "domain/ai_visible_text.hpp"
#include "events/encode.hpp"
#include "store/messages.hpp"
#include "store/set_aside.hpp"
#include "store/turns.hpp"
#include "store/waiting_messages.hpp"
#include "tecnochat/channels/store.hpp"
#include "tecnochat/core/assert.hpp"
#include "tecnochat/postgres/inbox.hpp"
#include "use_cases/turn_reply.hpp"

namespace tecnochat::message_router {
namespace {

using pipeline::Verdict;
using Item = ReceiveInbound::Item;

constexpr std::string_view kConsumer = "inbound";
constexpr auto kNobody = static_cast<std::size_t>(-1);

Error lost_race() {
    return make_error(ErrorCode::kAborted, "rows changed meanwhile", "FIND_RACE");
}

bool waits(const Item& item) {
    return item.tenant.uuid().is_nil();
}

bool is_notice(const Item& item) {
    return item.value.message.kind == domain::ContentKind::kSystem;
}

bool is_for_nobody(const Item& item) {
    return waits(item) || domain::reason_to_set_aside(item.value.message);
}

store::ConversationKey key_of(const Item& item, const ContactId& contact) {
    return {item.tenant, contact, item.value.message.phone_number_id};
}

bool contains(
    std::span<const store::LockedConversation> conversations, const store::ConversationKey& key
) {
    return std::ranges::any_of(conversations, [&](const store::LockedConversation& one) {
        return store::ConversationKey{one.state.tenant, one.contact, one.phone_number_id} == key;
    });
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
    const Item& item,
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
    row.type = item.value.message.type;
    row.body = item.value.message.body;
    row.tapped = item.value.message.tapped;
    if (!item.value.message.caption.empty()) row.caption = item.value.message.caption;
    row.wamid = item.value.message.wamid;
    row.status = domain::MessageStatus::kReceived;
    row.turn = turn;
    row.created_at = item.value.message.received_at;
    row.sent_at = item.value.message.sent_at;
    return row;
}

// The events of a turn that the AI answers, or that our own sentence has answered.
void add_events(
    Writes& writes,
    const Item& item,
    const store::LockedConversation& conversation,
    const store::NewMessage& inbound,
    const domain::InboundDecision& decision,
    Timestamp now
) {
    const events::Envelope envelope{item.tenant, conversation.state.id, now, item.trace};
    const bool ask = !decision.end.has_value();
    if (!ask && !decision.reply_sequence) return;
    writes.events.push_back(events::mark_read(
        envelope, conversation.phone_number_id, inbound.id, item.value.message.wamid, ask
    ));
    if (ask) {
        auto words =
            domain::AiVisibleText::from(inbound.provenance, domain::words_of(item.value.message));
        TECNOCHAT_ASSERT(words.has_value(), "an AI turn of words the AI must not see");
        writes.events.push_back(events::ai_request(
            envelope, inbound.turn, conversation.state.turn_epoch, {std::move(*words)}
        ));
        return;
    }
    auto reply = turn_reply(
        {conversation, item.value.message.from, inbound.turn, *decision.reply_sequence},
        {domain::Provenance::kSystem, std::string(decision.reply), {}},
        now,
        item.trace
    );
    writes.events.push_back(std::move(reply.event));
    writes.messages.push_back(std::move(reply.row));
}

}  // namespace

Result<std::vector<Verdict>> ReceiveInbound::resolve(
    std::span<const domain::ArrivedMessage> messages, Deadline deadline
) {
    std::vector<std::string> numbers;
    numbers.reserve(messages.size());
    for (const auto& [message, raw] : messages) {
        if (message.problem.empty()) numbers.push_back(message.phone_number_id);
    }
    TECNOCHAT_TRY(const auto known, outside_.directory.find(numbers, deadline));
    std::vector<Verdict> verdicts;
    verdicts.reserve(messages.size());
    std::map<std::string, std::int64_t> waiting;
    std::int64_t all = 0;
    bool counted = false;
    for (const auto& [message, raw] : messages) {
        if (!message.problem.empty()) {
            verdicts.push_back(Verdict::refuse(message.problem));
            continue;
        }
        const auto& number = message.phone_number_id;
        const auto entry = known.find(number);
        if (entry != known.end()) {
            TECNOCHAT_CHECK(entry->second);
            // Nothing of it is kept: the business has disconnected this number.
            verdicts.push_back(
                entry->second->state == channels::State::kDisconnected
                    ? Verdict::drop("disconnected")
                    : Verdict::take(entry->second->tenant)
            );
            continue;
        }
        if (!counted) {
            TECNOCHAT_TRY(
                auto transaction,
                postgres::Transaction::begin(outside_.pool, channels::kNoTenants, deadline)
            );
            TECNOCHAT_TRY(const auto backlog, store::waiting_messages::backlog(transaction));
            for (const auto& [of, count] : backlog) {
                waiting[of] = count;
                all += count;
            }
            counted = true;
        }
        const bool room = all < kMostWaiting && waiting[number] < kMostWaitingOfNumber;
        if (room) {
            ++all;
            ++waiting[number];
        }
        verdicts.push_back(room ? Verdict::take_unresolved() : Verdict::refuse("waiting_full"));
    }
    return verdicts;
}

Result<ReceiveInbound::Prepared> ReceiveInbound::prepare(
    std::span<const Item> items, Deadline deadline
) {
    return prepare_as(items, true, deadline);
}

Result<ReceiveInbound::Prepared> ReceiveInbound::prepare_alone(
    std::span<const Item> items, Deadline deadline
) {
    return prepare_as(items, false, deadline);
}

Result<ReceiveInbound::Prepared> ReceiveInbound::prepare_as(
    std::span<const Item> items, bool settle_first, Deadline deadline
) {
    std::vector<std::size_t> places;
    places.reserve(items.size());
    std::vector<People::Writer> writers;
    writers.reserve(items.size());
    bool needs_daily = false;
    for (const auto& item : items) {
        const auto& message = item.value.message;
        needs_daily = needs_daily || is_for_nobody(item) || is_notice(item);
        places.push_back(is_for_nobody(item) ? kNobody : writers.size());
        if (!is_for_nobody(item))
            writers.push_back({item.tenant, &message.from, &message.profile_name});
    }
    std::shared_ptr<const sealing::Keyring> daily;
    if (needs_daily) {
        const auto today = std::chrono::floor<std::chrono::days>(outside_.clock.now());
        TECNOCHAT_TRY(daily, outside_.sealer.fetch_daily(today, deadline));
    }
    if (settle_first) TECNOCHAT_CHECK(settle_waiting_of(items, deadline));
    TECNOCHAT_TRY(auto stored, find_contacts(writers, deadline));
    TECNOCHAT_TRY(auto people, People::find(std::move(stored), writers, outside_.sealer, deadline));
    return Prepared{items.data(), std::move(places), std::move(people), std::move(daily)};
}

Status ReceiveInbound::settle_waiting_of(std::span<const Item> items, Deadline deadline) {
    std::set<std::string> numbers;
    for (const auto& item : items) {
        if (!waits(item)) numbers.insert(item.value.message.phone_number_id);
    }
    if (numbers.empty() || settle_waiting_ == nullptr) return ok();
    TECNOCHAT_TRY(
        auto transaction,
        postgres::Transaction::begin(outside_.pool, channels::kNoTenants, deadline)
    );
    const auto waited_for = store::waiting_messages::numbers_among(
        transaction, std::vector<std::string>(numbers.begin(), numbers.end())
    );
    TECNOCHAT_CHECK(transaction.commit());
    for (const auto row : waited_for.rows())
        TECNOCHAT_CHECK(settle_waiting_->settle(row.text("phone_number_id"), deadline));
    return ok();
}

Result<std::vector<store::StoredContact>> ReceiveInbound::find_contacts(
    std::span<const People::Writer> writers, Deadline deadline
) {
    if (writers.empty()) return std::vector<store::StoredContact>();
    std::set<TenantId> tenants;
    std::vector<store::ContactKey> keys;
    keys.reserve(writers.size());
    for (const auto& writer : writers) {
        tenants.insert(writer.tenant);
        keys.push_back({writer.tenant, *writer.identity});
    }
    const std::vector<TenantId> of(tenants.begin(), tenants.end());
    TECNOCHAT_TRY(auto transaction, postgres::Transaction::begin(outside_.pool, of, deadline));
    const auto found = store::contacts::find(transaction, keys);
    TECNOCHAT_CHECK(transaction.commit());
    return store::contacts::read(found.rows());
}

Result<pipeline::Effects> ReceiveInbound::run(
    postgres::Transaction& transaction, std::span<const Item> items, Prepared& prepared
) {
    std::vector<const Item*> known;
    std::vector<const Item*> unknown;
    for (const auto& item : items) (waits(item) ? unknown : known).push_back(&item);
    pipeline::Effects effects;
    TECNOCHAT_CHECK(let_wait(transaction, unknown, prepared));
    if (known.empty()) return effects;
    std::vector<channels::Claim> claims;
    claims.reserve(known.size());
    for (const auto* item : known)
        claims.push_back({item->value.message.phone_number_id, item->tenant});
    TECNOCHAT_CHECK(channels::confirm(transaction, outside_.directory, claims));
    TECNOCHAT_TRY(const auto fresh, first_seen(transaction, known, prepared, effects));
    std::vector<const Item*> aside;
    std::vector<Fresh> somebodys;
    for (const auto& one : fresh) {
        if (one.writer == kNobody) {
            aside.push_back(one.item);
        } else {
            somebodys.push_back(one);
        }
    }
    if (!somebodys.empty()) {
        const auto& people = prepared.people;
        TECNOCHAT_TRY(auto conversations, find_conversations(transaction, somebodys, people));
        std::erase_if(somebodys, [&](const Fresh& one) {
            const bool strangers =
                is_notice(*one.item) &&
                !contains(conversations, key_of(*one.item, people.id_of(one.writer)));
            if (strangers) aside.push_back(one.item);
            return strangers;
        });
        TECNOCHAT_TRY(
            auto written, decide_and_write(transaction, somebodys, people, conversations)
        );
        effects.merge(std::move(written));
    }
    TECNOCHAT_TRY(auto kept, set_aside(transaction, aside, prepared));
    effects.merge(std::move(kept));
    return effects;
}

Result<pipeline::Effects> ReceiveInbound::set_aside(
    postgres::Transaction& transaction, std::span<const Item* const> items, const Prepared& prepared
) {
    pipeline::Effects effects;
    if (items.empty()) return effects;
    EndedTurns ended;
    std::vector<store::NewSetAside> rows;
    rows.reserve(items.size());
    for (const auto* item : items) {
        const auto& [message, raw] = item->value;
        const auto reason = domain::reason_to_set_aside(message).value_or(domain::silence::kSystem);
        rows.push_back(
            {item->tenant, message.phone_number_id, reason, raw().value, message.received_at}
        );
        ended.add({domain::Outcome::kSilence, reason});
    }
    TECNOCHAT_CHECK(
        store::set_aside::insert(transaction, rows, *prepared.daily, outside_.clock.now())
    );
    outside_.metrics.count(effects, std::move(ended));
    return effects;
}

Status ReceiveInbound::let_wait(
    postgres::Transaction& transaction, std::span<const Item* const> items, Prepared& prepared
) {
    if (items.empty()) return ok();
    std::set<std::string> numbers;
    std::vector<store::NewWaiting> rows;
    for (const auto* item : items) {
        const auto& [message, raw] = item->value;
        numbers.insert(message.phone_number_id);
        rows.push_back({message.phone_number_id, raw()});
    }
    const std::vector<std::string> sorted(numbers.begin(), numbers.end());
    TECNOCHAT_CHECK(channels::lock_unknown(transaction, sorted));
    return store::waiting_messages::insert(
        transaction, rows, *prepared.daily, outside_.clock.now()
    );
}

Result<std::vector<ReceiveInbound::Fresh>> ReceiveInbound::first_seen(
    postgres::Transaction& transaction,
    std::span<const Item* const> items,
    const Prepared& prepared,
    pipeline::Effects& effects
) {
    std::vector<postgres::InboxEntry> entries;
    entries.reserve(items.size());
    for (const auto* item : items) entries.push_back({item->tenant, item->value.message.wamid});
    TECNOCHAT_TRY(const auto first, postgres::inbox_insert(transaction, kConsumer, entries));
    std::vector<Fresh> fresh;
    fresh.reserve(items.size());
    for (std::size_t i = 0; i < items.size(); ++i) {
        if (first[i]) {
            const auto place = static_cast<std::size_t>(items[i] - prepared.first);
            fresh.push_back({items[i], prepared.writers[place]});
        } else {
            effects.drop("duplicate");
        }
    }
    return fresh;
}

Result<std::vector<store::LockedConversation>> ReceiveInbound::find_conversations(
    postgres::Transaction& transaction, std::span<const Fresh> items, const People& people
) {
    const Timestamp now = outside_.clock.now();
    std::vector<std::size_t> writers;
    writers.reserve(items.size());
    std::set<store::ConversationKey> wanted;
    std::set<store::ConversationKey> needed;
    std::set<store::ConversationKey> missing;
    for (const auto& [item, writer] : items) {
        const auto key = key_of(*item, people.id_of(writer));
        wanted.insert(key);
        if (is_notice(*item)) continue;
        writers.push_back(writer);
        needed.insert(key);
        if (people.is_new(writer)) missing.insert(key);
    }
    TECNOCHAT_CHECK(people.write(transaction, writers));
    const std::vector<store::ConversationKey> keys(wanted.begin(), wanted.end());
    // Those of new contacts are made along with them; others only where they turn out to be none.
    for (int attempt = 0; attempt < 2; ++attempt) {
        std::vector<store::LockedConversation> made;
        made.reserve(missing.size());
        for (const auto& key : missing) made.push_back(new_conversation(key, now));
        store::conversations::insert(transaction, made);
        TECNOCHAT_TRY(auto locked, store::conversations::lock(transaction, keys));
        missing = needed;
        for (const auto& conversation : locked) {
            missing.erase(
                {conversation.state.tenant, conversation.contact, conversation.phone_number_id}
            );
        }
        if (missing.empty()) return locked;
    }
    return lost_race();
}

Result<pipeline::Effects> ReceiveInbound::decide_and_write(
    postgres::Transaction& transaction,
    std::span<const Fresh> items,
    const People& people,
    std::vector<store::LockedConversation>& conversations
) {
    std::map<store::ConversationKey, store::LockedConversation*> by_key;
    for (auto& conversation : conversations) {
        by_key[{conversation.state.tenant, conversation.contact, conversation.phone_number_id}] =
            &conversation;
    }
    const Timestamp now = outside_.clock.now();
    pipeline::Effects effects;
    EndedTurns ended;
    Writes writes;
    writes.turns.reserve(items.size());
    writes.messages.reserve(2 * items.size());  // add_events() adds replies of ours
    for (const auto& [item, writer] : items) {
        auto& conversation = *by_key.at(key_of(*item, people.id_of(writer)));
        const auto& message = item->value.message;
        const auto decision = domain::receive(conversation.state, message, now, stale_after_);
        const auto turn = TurnId::generate(now);
        writes.turns.push_back(
            {item->tenant,
             turn,
             conversation.state.id,
             conversation.state.turn_epoch,
             decision.end,
             message.received_at}
        );
        writes.messages.push_back(inbound_row(*item, conversation, turn, decision.sequence, now));
        add_events(writes, *item, conversation, writes.messages.back(), decision, now);
        if (decision.end) ended.add(*decision.end);
    }
    store::turns::insert(transaction, writes.turns, now);
    TECNOCHAT_CHECK(store::messages::insert(transaction, writes.messages, people.keys()));
    std::vector<const domain::Conversation*> states;
    states.reserve(conversations.size());
    for (const auto& conversation : conversations) states.push_back(&conversation.state);
    store::conversations::update(transaction, states);
    TECNOCHAT_TRY(effects.events, outside_.outbox.append(transaction, std::move(writes.events)));
    outside_.metrics.count(effects, std::move(ended));
    return effects;
}

Result<pipeline::Effects> ReceiveInbound::refuse(
    postgres::Transaction& transaction, const Item& item, const Error&, Prepared& prepared
) {
    const auto place = static_cast<std::size_t>(&item - prepared.first);
    if (prepared.writers[place] == kNobody) return pipeline::Effects();
    const Fresh one[] = {{&item, prepared.writers[place]}};
    TECNOCHAT_TRY(auto conversations, find_conversations(transaction, one, prepared.people));
    if (conversations.empty()) return pipeline::Effects();
    auto& state = conversations.front().state;
    state.parked = true;
    state.last_message_at = std::max(state.last_message_at, item.value.message.received_at);
    const domain::Conversation* const states[] = {&state};
    store::conversations::update(transaction, states);
    return pipeline::Effects();
}

}  // namespace tecnochat::message_router
