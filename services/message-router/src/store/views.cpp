#include "store/views.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "tecnochat/core/assert.hpp"

namespace tecnochat::message_router::store {
namespace {

using postgres::Params;
using postgres::Transaction;

// The three statements give the same columns; read() takes them by position.
constexpr std::string_view kNewest = R"sql(
    SELECT c.tenant_id, c.id, c.turn, c.turn_epoch, c.next_sequence, c.last_message_at,
        c.window_until, c.unread, c.parked, c.phone_number_id, p.id, p.user_id, p.phone, p.name
    FROM conversations c
    JOIN contacts p ON p.tenant_id = c.tenant_id AND p.id = c.contact_id
    WHERE c.tenant_id = $1
        AND ($2::text IS NULL OR c.phone_number_id = $2)
        AND ($3::timestamptz IS NULL OR (c.last_message_at, c.id) < ($3, $4::uuid))
    ORDER BY c.last_message_at DESC, c.id DESC
    LIMIT $5
)sql";

// By customer: begins at the contact, so that it does not walk the tenant's conversations.
constexpr std::string_view kOfContact = R"sql(
    SELECT c.tenant_id, c.id, c.turn, c.turn_epoch, c.next_sequence, c.last_message_at,
        c.window_until, c.unread, c.parked, c.phone_number_id, p.id, p.user_id, p.phone, p.name
    FROM contacts p
    JOIN conversations c ON c.tenant_id = p.tenant_id AND c.contact_id = p.id
    WHERE p.tenant_id = $1
        AND p.phone = $6
        AND ($2::text IS NULL OR c.phone_number_id = $2)
        AND ($3::timestamptz IS NULL OR (c.last_message_at, c.id) < ($3, $4::uuid))
    ORDER BY c.last_message_at DESC, c.id DESC
    LIMIT $5
)sql";

constexpr std::string_view kOne = R"sql(
    SELECT c.tenant_id, c.id, c.turn, c.turn_epoch, c.next_sequence, c.last_message_at,
        c.window_until, c.unread, c.parked, c.phone_number_id, p.id, p.user_id, p.phone, p.name
    FROM conversations c
    JOIN contacts p ON p.tenant_id = c.tenant_id AND p.id = c.contact_id
    WHERE c.tenant_id = $1 AND c.id = $2
)sql";

// Bodies of other types are JSON slices of up to 3 MiB that nobody reads here.
constexpr std::string_view kMessages = R"sql(
    SELECT m.id, m.sequence, m.direction, m.provenance, m.type,
        CASE WHEN m.type IN ('text', 'interactive') THEN m.body END,
        m.status, m.wamid, m.created_at, m.turn_id, t.outcome, t.reason, m.sources::text,
        CASE WHEN m.direction = 'out' THEN (
            SELECT string_agg(i.id::text, ',' ORDER BY i.sequence)
            FROM messages i
            WHERE i.tenant_id = m.tenant_id AND i.turn_id = m.turn_id AND i.direction = 'in'
        ) END
    FROM messages m
    JOIN turns t ON t.tenant_id = m.tenant_id AND t.id = m.turn_id
    WHERE m.tenant_id = $1 AND m.conversation_id = $2 AND m.sequence > $3
    ORDER BY m.sequence
    LIMIT $4
)sql";

template <class Value>
Value known(const std::optional<Value>& value) {
    TECNOCHAT_ASSERT(value.has_value(), "a column holds a word we do not know");
    return *value;
}

std::vector<std::string> split(const std::string& list) {
    std::vector<std::string> parts;
    for (std::size_t begin = 0; begin < list.size();) {
        const auto end = std::min(list.find(',', begin), list.size());
        parts.push_back(list.substr(begin, end - begin));
        begin = end + 1;
    }
    return parts;
}

std::vector<domain::Source> to_sources(const std::string& json) {
    std::vector<domain::Source> sources;
    const auto list = nlohmann::json::parse(json, nullptr, false);
    TECNOCHAT_ASSERT(list.is_array(), "messages.sources is not a list");
    for (const auto& item : list) {
        sources.push_back(
            {item.value("item_id", ""), item.value("title", ""), item.value("score", 0.0)}
        );
    }
    return sources;
}

}  // namespace

Result<std::vector<ConversationView>> Views::read(const postgres::Rows& rows) const {
    std::vector<ConversationView> views;
    views.reserve(static_cast<std::size_t>(rows.size()));
    for (const auto row : rows) {
        ConversationView view;
        view.state.tenant = TenantId(row.uuid(0));
        view.state.id = ConversationId(row.uuid(1));
        view.state.turn = known(domain::parse_turn_owner(row.text(2)));
        view.state.turn_epoch = row.number(3);
        view.state.next_sequence = row.number(4);
        view.state.last_message_at = row.time(5);
        view.state.window_until = row.time(6);
        view.state.unread = row.number(7);
        view.state.parked = row.flag(8);
        view.phone_number_id = row.text(9);
        view.contact.tenant = view.state.tenant;
        view.contact.id = ContactId(row.uuid(10));
        view.contact.identity = {row.text_or_null(11), row.text_or_null(12)};
        TECNOCHAT_TRY(
            view.contact.name, sealer_.open({view.state.tenant, view.contact.id}, row.bytes(13))
        );
        views.push_back(std::move(view));
    }
    return views;
}

Result<std::vector<ConversationView>> Views::conversations(
    Transaction& transaction,
    const TenantId& tenant,
    const ConversationFilter& filter,
    const std::optional<ConversationCursor>& after,
    int limit
) const {
    Params params;
    params.add(tenant).add(filter.phone_number_id);
    if (after) {
        params.add(after->last_message_at).add(after->id);
    } else {
        params.add_null().add_null();
    }
    params.add(limit);
    if (filter.contact_phone) params.add(*filter.contact_phone);
    TECNOCHAT_TRY(
        const auto rows, transaction.execute(filter.contact_phone ? kOfContact : kNewest, params)
    );
    return read(rows);
}

Result<ConversationView> Views::conversation(
    Transaction& transaction, const TenantId& tenant, const ConversationId& id
) const {
    TECNOCHAT_TRY(const auto rows, transaction.execute(kOne, Params().add(tenant).add(id)));
    if (rows.empty()) return make_error(ErrorCode::kNotFound, "no such conversation");
    TECNOCHAT_TRY(auto views, read(rows));
    return std::move(views.front());
}

Result<std::vector<MessageView>> Views::messages(
    Transaction& transaction,
    const TenantId& tenant,
    const ConversationView& conversation,
    std::int64_t after,
    int limit
) const {
    Params params;
    params.add(tenant).add(conversation.state.id).add(after).add(limit);
    TECNOCHAT_TRY(const auto rows, transaction.execute(kMessages, params));
    std::vector<MessageView> views;
    views.reserve(static_cast<std::size_t>(rows.size()));
    for (const auto row : rows) {
        MessageView view;
        view.id = MessageId(row.uuid(0));
        view.sequence = row.number(1);
        view.direction = known(domain::parse_direction(row.text(2)));
        view.provenance = known(domain::parse_provenance(row.text(3)));
        view.type = row.text(4);
        if (!row.is_null(5)) {
            TECNOCHAT_TRY(view.text, sealer_.open({tenant, conversation.contact.id}, row.bytes(5)));
        }
        view.status = known(domain::parse_message_status(row.text(6)));
        view.wamid = row.text_or_null(7).value_or("");
        view.created_at = row.time(8);
        view.turn = TurnId(row.uuid(9));
        if (view.direction == domain::Direction::kIn && !row.is_null(10)) {
            view.turn_outcome = known(domain::parse_outcome(row.text(10)));
            view.silence_reason = row.text_or_null(11).value_or("");
        }
        if (!row.is_null(12)) view.sources = to_sources(row.text(12));
        if (!row.is_null(13)) view.in_reply_to = split(row.text(13));
        views.push_back(std::move(view));
    }
    return views;
}

}  // namespace tecnochat::message_router::store
