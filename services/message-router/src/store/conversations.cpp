#include "store/conversations.hpp"

#include "domain/vocabulary.hpp"
#include "store/conversation_columns.hpp"

namespace tecnochat::message_router::store::conversations {
namespace {

using postgres::Params;
using postgres::Transaction;

// read() takes the columns of both. The customer comes by subqueries, not by a join:
// the planner would scan all contacts as long as it thinks that there are few.
constexpr std::string_view kLockByKey = R"sql(
    SELECT c.tenant_id, c.id, c.turn, c.turn_epoch, c.next_sequence, c.last_message_at,
        c.window_until, c.unread, c.parked, c.needs_attention, c.phone_number_id, c.contact_id,
        (SELECT p.user_id FROM contacts p WHERE p.tenant_id = c.tenant_id AND p.id = c.contact_id)
            AS user_id,
        (SELECT p.phone FROM contacts p WHERE p.tenant_id = c.tenant_id AND p.id = c.contact_id)
            AS phone
    FROM unnest($1::uuid[], $2::uuid[], $3::text[]) k(tenant_id, contact_id, phone_number_id)
    JOIN conversations c ON c.tenant_id = k.tenant_id
        AND c.contact_id = k.contact_id AND c.phone_number_id = k.phone_number_id
    ORDER BY c.tenant_id, c.id
    FOR NO KEY UPDATE OF c
)sql";

constexpr std::string_view kLockById = R"sql(
    SELECT c.tenant_id, c.id, c.turn, c.turn_epoch, c.next_sequence, c.last_message_at,
        c.window_until, c.unread, c.parked, c.needs_attention, c.phone_number_id, c.contact_id,
        (SELECT p.user_id FROM contacts p WHERE p.tenant_id = c.tenant_id AND p.id = c.contact_id)
            AS user_id,
        (SELECT p.phone FROM contacts p WHERE p.tenant_id = c.tenant_id AND p.id = c.contact_id)
            AS phone
    FROM unnest($1::uuid[], $2::uuid[]) k(tenant_id, id)
    JOIN conversations c ON c.tenant_id = k.tenant_id AND c.id = k.id
    ORDER BY c.tenant_id, c.id
    FOR NO KEY UPDATE OF c
)sql";

// Only where the contact is there: another transaction may have made the person instead.
constexpr std::string_view kInsert = R"sql(
    INSERT INTO conversations (tenant_id, id, phone_number_id, contact_id, turn, turn_epoch,
        next_sequence, last_message_at, window_until, unread, parked, needs_attention)
    SELECT n.*
    FROM unnest($1::uuid[], $2::uuid[], $11::text[], $12::uuid[], $3::text[], $4::bigint[],
        $5::bigint[], $6::timestamptz[], $7::timestamptz[], $8::bigint[], $9::boolean[],
        $10::boolean[]) n(tenant_id, id, phone_number_id, contact_id, turn, turn_epoch,
        next_sequence, last_message_at, window_until, unread, parked, needs_attention)
    JOIN contacts p ON p.tenant_id = n.tenant_id AND p.id = n.contact_id
    ON CONFLICT DO NOTHING
)sql";

constexpr std::string_view kUpdate = R"sql(
    UPDATE conversations c
    SET turn = n.turn, turn_epoch = n.turn_epoch, next_sequence = n.next_sequence,
        last_message_at = n.last_message_at, window_until = n.window_until, unread = n.unread,
        parked = n.parked, needs_attention = n.needs_attention
    FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bigint[], $5::bigint[],
        $6::timestamptz[], $7::timestamptz[], $8::bigint[], $9::boolean[], $10::boolean[])
        n(tenant_id, id, turn, turn_epoch, next_sequence, last_message_at, window_until, unread,
        parked, needs_attention)
    WHERE c.tenant_id = n.tenant_id AND c.id = n.id
)sql";

// The columns of domain::Conversation, $1 to $10; `state` gives it of a row.
template <class Rows, class State>
void add_state(Params& params, const Rows& rows, State state) {
    const auto of = [state](auto member) {
        return [state, member](const auto& row) { return state(row).*member; };
    };
    using domain::Conversation;
    params.add_columns(
        rows,
        of(&Conversation::tenant),
        of(&Conversation::id),
        [state](const auto& row) { return to_string(state(row).turn); },
        of(&Conversation::turn_epoch),
        of(&Conversation::next_sequence),
        of(&Conversation::last_message_at),
        of(&Conversation::window_until),
        of(&Conversation::unread),
        of(&Conversation::parked),
        of(&Conversation::needs_attention)
    );
}

Result<std::vector<LockedConversation>> read(const postgres::Rows& rows) {
    std::vector<LockedConversation> locked;
    locked.reserve(static_cast<std::size_t>(rows.size()));
    for (const auto row : rows) {
        LockedConversation conversation;
        conversation.state = read_state_but_turn(row);
        TECNOCHAT_TRY(conversation.state.turn, row.word("turn", domain::parse_turn_owner));
        conversation.phone_number_id = row.text("phone_number_id");
        conversation.contact = row.id<ContactId>("contact_id");
        conversation.customer = {row.text_or_null("user_id"), row.text_or_null("phone")};
        locked.push_back(std::move(conversation));
    }
    return locked;
}

}  // namespace

Result<std::vector<LockedConversation>> lock(
    Transaction& transaction, std::span<const ConversationKey> keys
) {
    Params params;
    params.add_columns(
        keys, &ConversationKey::tenant, &ConversationKey::contact, &ConversationKey::phone_number_id
    );
    TECNOCHAT_TRY(const auto rows, transaction.execute(kLockByKey, params));
    return read(rows);
}

Result<std::vector<LockedConversation>> lock(
    Transaction& transaction, std::span<const ConversationRef> refs
) {
    Params params;
    params.add_columns(refs, &ConversationRef::tenant, &ConversationRef::id);
    TECNOCHAT_TRY(const auto rows, transaction.execute(kLockById, params));
    return read(rows);
}

void insert(Transaction& transaction, std::span<const LockedConversation> conversations) {
    if (conversations.empty()) return;
    Params params;
    add_state(params, conversations, [](const LockedConversation& row) -> const auto& {
        return row.state;
    });
    params.add_columns(
        conversations, &LockedConversation::phone_number_id, &LockedConversation::contact
    );
    transaction.send(kInsert, params);
}

void update(Transaction& transaction, std::span<const domain::Conversation* const> conversations) {
    if (conversations.empty()) return;
    Params params;
    add_state(params, conversations, [](const domain::Conversation& row) -> const auto& {
        return row;
    });
    transaction.send(kUpdate, params);
}

}  // namespace tecnochat::message_router::store::conversations
