#include "store/messages.hpp"

#include <nlohmann/json.hpp>

namespace tecnochat::message_router::store::messages {
namespace {

using postgres::Params;
using postgres::Transaction;

constexpr std::string_view kInsert = R"sql(
    INSERT INTO messages (tenant_id, id, conversation_id, sequence, direction, provenance, type,
        body, wamid, status, turn_id, sources, created_at, sent_at, tapped, caption)
    SELECT tenant_id, id, conversation_id, sequence, direction, provenance, type, body, wamid,
        status, turn_id, sources::jsonb, created_at, sent_at, tapped, caption
    FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::bigint[], $5::text[], $6::text[],
        $7::text[], $8::bytea[], $9::text[], $10::text[], $11::uuid[], $12::text[],
        $13::timestamptz[], $14::timestamptz[], $15::bytea[], $16::bytea[]) n(tenant_id, id,
        conversation_id, sequence, direction, provenance, type, body, wamid, status, turn_id,
        sources, created_at, sent_at, tapped, caption)
)sql";

// Which of them are outbound is decided by the reader: `direction = 'out'` here would offer the
// partial index, and until the first ANALYZE the planner would read all of it.
constexpr std::string_view kFindByWamid = R"sql(
    SELECT m.tenant_id, m.wamid, m.id, m.direction
    FROM unnest($1::uuid[], $2::text[]) k(tenant_id, wamid)
    JOIN messages m ON m.tenant_id = k.tenant_id AND m.wamid = k.wamid
)sql";

constexpr std::string_view kLockDeliveries = R"sql(
    SELECT m.tenant_id, m.id, m.status, m.error_code, m.wamid, m.direction
    FROM unnest($1::uuid[], $2::uuid[]) k(tenant_id, id)
    JOIN messages m ON m.tenant_id = k.tenant_id AND m.id = k.id
    ORDER BY m.tenant_id, m.id
    FOR NO KEY UPDATE OF m
)sql";

constexpr std::string_view kUpdateDeliveries = R"sql(
    UPDATE messages m
    SET status = n.status, error_code = n.error_code, wamid = coalesce(m.wamid, n.wamid)
    FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bigint[], $5::text[]) n(tenant_id, id,
        status, error_code, wamid)
    WHERE m.tenant_id = n.tenant_id AND m.id = n.id
)sql";

bool is_outbound(std::string_view direction) {
    return direction == to_string(domain::Direction::kOut);
}

std::optional<std::string> to_json(const std::vector<domain::Source>& sources) {
    if (sources.empty()) return std::nullopt;
    auto list = nlohmann::json::array();
    for (const auto& source : sources) {
        list.push_back(
            {{"item_id", source.item_id}, {"title", source.title}, {"score", source.score}}
        );
    }
    return list.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// A message and its sealed content; the rest is read from the message in place.
struct Sealed {
    const NewMessage* message;
    std::string body;
    std::optional<std::string> tapped;
    std::optional<std::string> caption;
};

using SealedText = std::optional<std::string>;

auto bytes_of(SealedText Sealed::* member) {
    return [member](const Sealed& row) {
        const auto& text = row.*member;
        return text ? std::optional(postgres::Bytes{*text}) : std::nullopt;
    };
}

Result<SealedText> seal_if_any(
    const sealing::Keys& keys, const sealing::Person& person, const SealedText& text
) {
    if (!text) return SealedText();
    TECNOCHAT_TRY(auto sealed, keys.seal(person, *text));
    return SealedText(std::move(sealed));
}

template <class Member>
auto of(Member NewMessage::* member) {
    return [member](const Sealed& row) -> const Member& { return row.message->*member; };
}

template <class Member>
auto word_of(Member NewMessage::* member) {
    return [member](const Sealed& row) { return to_string(row.message->*member); };
}

}  // namespace

Status insert(
    Transaction& transaction, std::span<const NewMessage> rows, const sealing::Keys& keys
) {
    if (rows.empty()) return ok();
    std::vector<Sealed> sealed;
    sealed.reserve(rows.size());
    for (const auto& message : rows) {
        const sealing::Person person{message.tenant, message.person};
        TECNOCHAT_TRY(auto body, keys.seal(person, message.body));
        TECNOCHAT_TRY(auto tapped, seal_if_any(keys, person, message.tapped));
        TECNOCHAT_TRY(auto caption, seal_if_any(keys, person, message.caption));
        sealed.push_back({&message, std::move(body), std::move(tapped), std::move(caption)});
    }
    Params params;
    params.add_columns(
        sealed,
        of(&NewMessage::tenant),
        of(&NewMessage::id),
        of(&NewMessage::conversation),
        of(&NewMessage::sequence),
        word_of(&NewMessage::direction),
        word_of(&NewMessage::provenance),
        of(&NewMessage::type),
        [](const Sealed& row) { return postgres::Bytes{row.body}; },
        of(&NewMessage::wamid),
        word_of(&NewMessage::status),
        of(&NewMessage::turn),
        [](const Sealed& row) { return to_json(row.message->sources); },
        of(&NewMessage::created_at),
        of(&NewMessage::sent_at),
        bytes_of(&Sealed::tapped),
        bytes_of(&Sealed::caption)
    );
    transaction.send(kInsert, params);
    return ok();
}

Result<std::vector<WamidOwner>> find_by_wamid(
    Transaction& transaction, std::span<const WamidKey> keys
) {
    std::vector<WamidOwner> found;
    if (keys.empty()) return found;
    Params params;
    params.add_columns(keys, &WamidKey::tenant, &WamidKey::wamid);
    TECNOCHAT_TRY(const auto rows, transaction.execute(kFindByWamid, params));
    for (const auto row : rows) {
        WamidOwner owner;
        owner.key.tenant = row.id<TenantId>("tenant_id");
        owner.key.wamid = row.text("wamid");
        owner.id = row.id<MessageId>("id");
        if (is_outbound(row.view("direction"))) found.push_back(std::move(owner));
    }
    return found;
}

Result<std::vector<Delivery>> lock_deliveries(
    Transaction& transaction, std::span<const MessageRef> refs
) {
    std::vector<Delivery> deliveries;
    if (refs.empty()) return deliveries;
    Params params;
    params.add_columns(refs, &MessageRef::tenant, &MessageRef::id);
    TECNOCHAT_TRY(const auto rows, transaction.execute(kLockDeliveries, params));
    deliveries.reserve(static_cast<std::size_t>(rows.size()));
    for (const auto row : rows) {
        if (!is_outbound(row.view("direction"))) continue;
        Delivery delivery;
        delivery.message = {row.id<TenantId>("tenant_id"), row.id<MessageId>("id")};
        TECNOCHAT_TRY(delivery.status, row.word("status", domain::parse_message_status));
        delivery.error_code = row.number("error_code");
        delivery.wamid = row.text_or_null("wamid");
        deliveries.push_back(std::move(delivery));
    }
    return deliveries;
}

void update_deliveries(Transaction& transaction, std::span<const Delivery> deliveries) {
    if (deliveries.empty()) return;
    Params params;
    params.add_columns(
        deliveries,
        [](const Delivery& delivery) { return delivery.message.tenant; },
        [](const Delivery& delivery) { return delivery.message.id; },
        [](const Delivery& delivery) { return to_string(delivery.status); },
        &Delivery::error_code,
        &Delivery::wamid
    );
    transaction.send(kUpdateDeliveries, params);
}

}  // namespace tecnochat::message_router::store::messages
