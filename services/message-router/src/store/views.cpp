#include "store/views.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "store/conversation_columns.hpp"
#include "tecnochat/telemetry/log.hpp"

namespace tecnochat::message_router::store::views {
namespace {

using postgres::Params;
using postgres::Transaction;

// The three statements give the same columns.
constexpr std::string_view kNewest = R"sql(
    SELECT c.tenant_id, c.id, c.turn, c.turn_epoch, c.next_sequence, c.last_message_at,
        c.window_until, c.unread, c.parked, c.needs_attention, c.phone_number_id,
        p.id AS contact_id, p.user_id, p.phone, p.name
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
        c.window_until, c.unread, c.parked, c.needs_attention, c.phone_number_id,
        p.id AS contact_id, p.user_id, p.phone, p.name
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
        c.window_until, c.unread, c.parked, c.needs_attention, c.phone_number_id,
        p.id AS contact_id, p.user_id, p.phone, p.name
    FROM conversations c
    JOIN contacts p ON p.tenant_id = c.tenant_id AND p.id = c.contact_id
    WHERE c.tenant_id = $1 AND c.id = $2
)sql";

// Bodies of other types are JSON slices of up to 3 MiB that nobody reads here; their caption is. A
// button of an older version is such a slice too.
constexpr std::string_view kMessages = R"sql(
    SELECT m.id, m.sequence, m.direction, m.provenance, m.type,
        CASE WHEN m.type IN ('text', 'interactive') OR m.tapped IS NOT NULL THEN m.body
            ELSE m.caption END AS body,
        m.status, m.wamid, m.created_at, m.turn_id, t.outcome, t.reason,
        m.sources::text AS sources,
        CASE WHEN m.direction = 'out' THEN (
            SELECT string_agg(i.id::text, ',' ORDER BY i.sequence)
            FROM messages i
            WHERE i.tenant_id = m.tenant_id AND i.turn_id = m.turn_id AND i.direction = 'in'
        ) END AS in_reply_to,
        (SELECT c.contact_id FROM conversations c
            WHERE c.tenant_id = m.tenant_id AND c.id = m.conversation_id) AS contact_id
    FROM messages m
    JOIN turns t ON t.tenant_id = m.tenant_id AND t.id = m.turn_id
    WHERE m.tenant_id = $1 AND m.conversation_id = $2 AND m.sequence > $3
    ORDER BY m.sequence
    LIMIT $4
)sql";

/// A page goes on past a word that a newer version wrote.
template <class Parse>
auto known(const postgres::Row& row, std::string_view column, Parse parse)
    -> std::invoke_result_t<Parse, std::string_view> {
    auto value = row.word_or_null(column, parse);
    if (value) return *value;
    telemetry::log_limited(
        telemetry::Level::kWarning,
        "a column holds a word that this version does not know",
        {{"column", std::string(column)}}
    );
    return std::nullopt;
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
    if (!list.is_array()) return sources;  // ours, so it is one; no page fails for it
    for (const auto& item : list) {
        if (!item.is_object()) continue;
        sources.push_back(
            {item.value("item_id", ""), item.value("title", ""), item.value("score", 0.0)}
        );
    }
    return sources;
}

SealedConversation read_conversation(const postgres::Row& row) {
    SealedConversation sealed;
    auto& view = sealed.view;
    auto& state = view.state;
    state = read_state_but_turn(row);
    const auto turn = known(row, "turn", domain::parse_turn_owner);
    view.turn_known = turn.has_value();
    if (turn) state.turn = *turn;
    view.phone_number_id = row.text("phone_number_id");
    sealed.person = row.id<ContactId>("contact_id");
    view.contact.tenant = state.tenant;
    view.contact.id = sealed.person;
    view.contact.identity = {row.text_or_null("user_id"), row.text_or_null("phone")};
    sealed.sealed = row.bytes("name");
    return sealed;
}

SealedMessage read_message(const postgres::Row& row) {
    SealedMessage sealed;
    auto& view = sealed.view;
    view.id = row.id<MessageId>("id");
    view.sequence = row.number("sequence");
    view.direction = known(row, "direction", domain::parse_direction);
    view.provenance = known(row, "provenance", domain::parse_provenance);
    view.type = row.text("type");
    sealed.sealed = row.bytes_or_null("body");
    view.status = known(row, "status", domain::parse_message_status);
    view.wamid = row.text_or_null("wamid").value_or("");
    view.created_at = row.time("created_at");
    view.turn = row.id<TurnId>("turn_id");
    if (view.direction == domain::Direction::kIn) {
        view.turn_outcome = known(row, "outcome", domain::parse_outcome);
        view.silence_reason = row.text_or_null("reason").value_or("");
    }
    if (const auto sources = row.text_or_null("sources")) view.sources = to_sources(*sources);
    if (const auto list = row.text_or_null("in_reply_to")) view.in_reply_to = split(*list);
    sealed.person = row.id<ContactId>("contact_id");
    return sealed;
}

/// The text; nullopt: erased.
Result<std::optional<std::string>> open_text(
    const sealing::Person& person, const std::string& sealed, const sealing::Keys& keys
) {
    auto text = keys.open(person, sealed);
    if (text) return std::optional(std::move(text).value());
    if (sealing::is_erased(text.error())) return std::optional<std::string>();
    if (!is_items_fault(text.error())) return std::move(text).error();
    telemetry::log_error(
        "stored content cannot be opened",
        {{"tenant_id", person.tenant.to_string()}, {"reason", text.error().reason}}
    );
    return std::optional<std::string>("");
}

template <class Read>
auto read_all(const postgres::Pending& queued, Read read) {
    std::vector<decltype(read(queued.rows()[0]))> found;
    found.reserve(static_cast<std::size_t>(queued.rows().size()));
    for (const auto row : queued.rows()) found.push_back(read(row));
    return found;
}

}  // namespace

postgres::Pending send_conversations(
    Transaction& transaction, const TenantId& tenant, const ConversationPage& page
) {
    Params params;
    params.add(tenant).add(page.filter.phone_number_id);
    if (page.after) {
        params.add(page.after->last_message_at).add(page.after->id);
    } else {
        params.add_null().add_null();
    }
    params.add(page.limit);
    if (!page.filter.contact_phone) return transaction.send(kNewest, params);
    params.add(*page.filter.contact_phone);
    return transaction.send(kOfContact, params);
}

postgres::Pending send_conversation(
    Transaction& transaction, const TenantId& tenant, const ConversationId& id
) {
    return transaction.send(kOne, Params().add(tenant).add(id));
}

postgres::Pending send_messages(
    Transaction& transaction, const TenantId& tenant, const MessagePage& page
) {
    Params params;
    params.add(tenant).add(page.conversation).add(page.after).add(page.limit);
    return transaction.send(kMessages, params);
}

std::vector<SealedConversation> read_conversations(const postgres::Pending& queued) {
    return read_all(queued, read_conversation);
}

std::vector<SealedMessage> read_messages(const postgres::Pending& queued) {
    return read_all(queued, read_message);
}

Result<ConversationView> open(SealedConversation sealed, const sealing::Keys& keys) {
    auto& view = sealed.view;
    const sealing::Person person{view.state.tenant, sealed.person};
    TECNOCHAT_TRY(auto name, open_text(person, sealed.sealed.value_or(""), keys));
    view.erased = !name.has_value();
    if (view.erased) view.contact.identity = {};
    view.contact.name = std::move(name).value_or("");
    return std::move(view);
}

Result<MessageView> open(SealedMessage sealed, const TenantId& tenant, const sealing::Keys& keys) {
    auto& view = sealed.view;
    const sealing::Person person{tenant, sealed.person};
    view.erased = keys.state(person) == sealing::KeyState::kErased;
    if (view.erased || !sealed.sealed) return std::move(view);
    TECNOCHAT_TRY(auto text, open_text(person, *sealed.sealed, keys));
    view.erased = !text.has_value();
    view.text = std::move(text).value_or("");
    return std::move(view);
}

}  // namespace tecnochat::message_router::store::views
