#include "store/conversations.hpp"

#include "domain/vocabulary.hpp"
#include "tecnochat/core/assert.hpp"

namespace tecnochat::message_router::store::conversations {
namespace {

using postgres::Params;
using postgres::Rows;
using postgres::Transaction;

// read() takes the columns of both by position. The customer comes by subqueries, not by a join:
// the planner would scan all contacts as long as it thinks that there are few.
constexpr std::string_view kLockByKey = R"sql(
    SELECT c.tenant_id, c.id, c.turn, c.turn_epoch, c.next_sequence, c.last_message_at,
        c.window_until, c.unread, c.parked, c.phone_number_id, c.contact_id,
        (SELECT p.user_id FROM contacts p WHERE p.tenant_id = c.tenant_id AND p.id = c.contact_id),
        (SELECT p.phone FROM contacts p WHERE p.tenant_id = c.tenant_id AND p.id = c.contact_id)
    FROM unnest($1::uuid[], $2::uuid[], $3::text[]) k(tenant_id, contact_id, phone_number_id)
    JOIN conversations c ON c.tenant_id = k.tenant_id
        AND c.contact_id = k.contact_id AND c.phone_number_id = k.phone_number_id
    ORDER BY c.tenant_id, c.id
    FOR NO KEY UPDATE OF c
)sql";

constexpr std::string_view kLockById = R"sql(
    SELECT c.tenant_id, c.id, c.turn, c.turn_epoch, c.next_sequence, c.last_message_at,
        c.window_until, c.unread, c.parked, c.phone_number_id, c.contact_id,
        (SELECT p.user_id FROM contacts p WHERE p.tenant_id = c.tenant_id AND p.id = c.contact_id),
        (SELECT p.phone FROM contacts p WHERE p.tenant_id = c.tenant_id AND p.id = c.contact_id)
    FROM unnest($1::uuid[], $2::uuid[]) k(tenant_id, id)
    JOIN conversations c ON c.tenant_id = k.tenant_id AND c.id = k.id
    ORDER BY c.tenant_id, c.id
    FOR NO KEY UPDATE OF c
)sql";

constexpr std::string_view kInsert = R"sql(
    INSERT INTO conversations (tenant_id, id, phone_number_id, contact_id, turn, turn_epoch,
        next_sequence, last_message_at, window_until, unread, parked)
    SELECT *
    FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::uuid[], $5::text[], $6::bigint[],
        $7::bigint[], $8::timestamptz[], $9::timestamptz[], $10::bigint[], $11::boolean[])
    ON CONFLICT DO NOTHING
)sql";

constexpr std::string_view kUpdate = R"sql(
    UPDATE conversations c
    SET turn = n.turn, turn_epoch = n.turn_epoch, next_sequence = n.next_sequence,
        last_message_at = n.last_message_at, window_until = n.window_until, unread = n.unread,
        parked = n.parked
    FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bigint[], $5::bigint[],
        $6::timestamptz[], $7::timestamptz[], $8::bigint[], $9::boolean[]) n(tenant_id, id, turn,
        turn_epoch, next_sequence, last_message_at, window_until, unread, parked)
    WHERE c.tenant_id = n.tenant_id AND c.id = n.id
)sql";

// The columns of domain::Conversation, one array each.
struct StateColumns {
    std::vector<Uuid> tenants;
    std::vector<Uuid> ids;
    std::vector<std::string> turns;
    std::vector<std::int64_t> epochs;
    std::vector<std::int64_t> next_sequences;
    std::vector<Timestamp> last_message_at;
    std::vector<Timestamp> window_until;
    std::vector<std::int64_t> unread;
    std::vector<bool> parked;

    void add(const domain::Conversation& state) {
        tenants.push_back(state.tenant.uuid());
        ids.push_back(state.id.uuid());
        turns.emplace_back(to_string(state.turn));
        epochs.push_back(state.turn_epoch);
        next_sequences.push_back(state.next_sequence);
        last_message_at.push_back(state.last_message_at);
        window_until.push_back(state.window_until);
        unread.push_back(state.unread);
        parked.push_back(state.parked);
    }
    void add_state_to(Params& params) const {
        params.add_array(turns).add_array(epochs).add_array(next_sequences);
        params.add_array(last_message_at).add_array(window_until).add_array(unread);
        params.add_array(parked);
    }
};

std::vector<LockedConversation> read(const Rows& rows) {
    std::vector<LockedConversation> locked;
    locked.reserve(static_cast<std::size_t>(rows.size()));
    for (const auto row : rows) {
        LockedConversation conversation;
        auto& state = conversation.state;
        state.tenant = TenantId(row.uuid(0));
        state.id = ConversationId(row.uuid(1));
        const auto turn = domain::parse_turn_owner(row.text(2));
        TECNOCHAT_ASSERT(turn.has_value(), "conversations.turn holds a word we do not know");
        state.turn = *turn;
        state.turn_epoch = row.number(3);
        state.next_sequence = row.number(4);
        state.last_message_at = row.time(5);
        state.window_until = row.time(6);
        state.unread = row.number(7);
        state.parked = row.flag(8);
        conversation.phone_number_id = row.text(9);
        conversation.contact = ContactId(row.uuid(10));
        conversation.customer = {row.text_or_null(11), row.text_or_null(12)};
        locked.push_back(std::move(conversation));
    }
    return locked;
}

}  // namespace

Result<std::vector<LockedConversation>> lock(
    Transaction& transaction, std::span<const ConversationKey> keys
) {
    std::vector<Uuid> tenants;
    std::vector<Uuid> contacts;
    std::vector<std::string> phone_number_ids;
    for (const auto& key : keys) {
        tenants.push_back(key.tenant.uuid());
        contacts.push_back(key.contact.uuid());
        phone_number_ids.push_back(key.phone_number_id);
    }
    TECNOCHAT_TRY(
        auto rows,
        transaction.execute(
            kLockByKey, Params().add_array(tenants).add_array(contacts).add_array(phone_number_ids)
        )
    );
    return read(rows);
}

Result<std::vector<LockedConversation>> lock(
    Transaction& transaction, std::span<const ConversationRef> refs
) {
    std::vector<Uuid> tenants;
    std::vector<Uuid> ids;
    for (const auto& ref : refs) {
        tenants.push_back(ref.tenant.uuid());
        ids.push_back(ref.id.uuid());
    }
    TECNOCHAT_TRY(
        auto rows, transaction.execute(kLockById, Params().add_array(tenants).add_array(ids))
    );
    return read(rows);
}

Result<bool> insert(Transaction& transaction, std::span<const LockedConversation> conversations) {
    if (conversations.empty()) return true;
    StateColumns columns;
    std::vector<std::string> phone_number_ids;
    std::vector<Uuid> contacts;
    for (const auto& conversation : conversations) {
        columns.add(conversation.state);
        phone_number_ids.push_back(conversation.phone_number_id);
        contacts.push_back(conversation.contact.uuid());
    }
    Params params;
    params.add_array(columns.tenants).add_array(columns.ids);
    params.add_array(phone_number_ids).add_array(contacts);
    columns.add_state_to(params);
    TECNOCHAT_TRY(auto rows, transaction.execute(kInsert, params));
    return rows.affected() == static_cast<std::int64_t>(conversations.size());
}

Status update(
    Transaction& transaction, std::span<const domain::Conversation* const> conversations
) {
    if (conversations.empty()) return ok();
    StateColumns columns;
    for (const auto* state : conversations) columns.add(*state);
    Params params;
    params.add_array(columns.tenants).add_array(columns.ids);
    columns.add_state_to(params);
    TECNOCHAT_TRY(auto rows, transaction.execute(kUpdate, params));
    TECNOCHAT_ASSERT(
        rows.affected() == static_cast<std::int64_t>(conversations.size()),
        "a locked conversation vanished"
    );
    return ok();
}

}  // namespace tecnochat::message_router::store::conversations
