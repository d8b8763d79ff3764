#include "store/messages.hpp"

#include <nlohmann/json.hpp>

#include "tecnochat/core/assert.hpp"

namespace tecnochat::message_router::store {
namespace {

using postgres::Params;
using postgres::Transaction;

constexpr std::string_view kInsert = R"sql(
    INSERT INTO messages (tenant_id, id, conversation_id, sequence, direction, provenance, type,
        body, wamid, status, turn_id, sources, created_at, sent_at)
    SELECT tenant_id, id, conversation_id, sequence, direction, provenance, type, body, wamid,
        status, turn_id, sources::jsonb, created_at, sent_at
    FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::bigint[], $5::text[], $6::text[],
        $7::text[], $8::bytea[], $9::text[], $10::text[], $11::uuid[], $12::text[],
        $13::timestamptz[], $14::timestamptz[]) n(tenant_id, id, conversation_id, sequence,
        direction, provenance, type, body, wamid, status, turn_id, sources, created_at, sent_at)
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

bool is_outbound(const std::string& direction) {
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

Params refs_to_params(std::span<const MessageRef> refs) {
    std::vector<Uuid> tenants;
    std::vector<Uuid> ids;
    for (const auto& ref : refs) {
        tenants.push_back(ref.tenant.uuid());
        ids.push_back(ref.id.uuid());
    }
    Params params;
    params.add_array(tenants).add_array(ids);
    return params;
}

}  // namespace

Status Messages::insert(Transaction& transaction, std::span<const NewMessage> messages) const {
    if (messages.empty()) return ok();
    std::vector<Uuid> tenants;
    std::vector<Uuid> ids;
    std::vector<Uuid> conversations;
    std::vector<std::int64_t> sequences;
    std::vector<std::string> directions;
    std::vector<std::string> provenances;
    std::vector<std::string> types;
    std::vector<std::string> bodies;
    std::vector<std::optional<std::string>> wamids;
    std::vector<std::string> statuses;
    std::vector<Uuid> turns;
    std::vector<std::optional<std::string>> sources;
    std::vector<Timestamp> created_at;
    std::vector<std::optional<Timestamp>> sent_at;
    for (const auto& message : messages) {
        TECNOCHAT_TRY(auto body, sealer_.seal({message.tenant, message.person}, message.body));
        tenants.push_back(message.tenant.uuid());
        ids.push_back(message.id.uuid());
        conversations.push_back(message.conversation.uuid());
        sequences.push_back(message.sequence);
        directions.emplace_back(to_string(message.direction));
        provenances.emplace_back(to_string(message.provenance));
        types.push_back(message.type);
        bodies.push_back(std::move(body));
        wamids.push_back(message.wamid);
        statuses.emplace_back(to_string(message.status));
        turns.push_back(message.turn.uuid());
        sources.push_back(to_json(message.sources));
        created_at.push_back(message.created_at);
        sent_at.push_back(message.sent_at);
    }
    Params params;
    params.add_array(tenants).add_array(ids).add_array(conversations).add_array(sequences);
    params.add_array(directions).add_array(provenances).add_array(types);
    params.add_bytes_array(bodies).add_array(wamids).add_array(statuses).add_array(turns);
    params.add_array(sources).add_array(created_at).add_array(sent_at);
    auto rows = transaction.execute(kInsert, params);
    if (!rows) return std::move(rows).error();
    return ok();
}

Result<std::vector<WamidOwner>> Messages::find_by_wamid(
    Transaction& transaction, std::span<const WamidKey> keys
) const {
    std::vector<WamidOwner> found;
    if (keys.empty()) return found;
    std::vector<Uuid> tenants;
    std::vector<std::string> wamids;
    for (const auto& key : keys) {
        tenants.push_back(key.tenant.uuid());
        wamids.push_back(key.wamid);
    }
    TECNOCHAT_TRY(
        auto rows, transaction.execute(kFindByWamid, Params().add_array(tenants).add_array(wamids))
    );
    for (const auto row : rows) {
        if (!is_outbound(row.text(3))) continue;
        found.push_back({{TenantId(row.uuid(0)), row.text(1)}, MessageId(row.uuid(2))});
    }
    return found;
}

Result<std::vector<Delivery>> Messages::lock_deliveries(
    Transaction& transaction, std::span<const MessageRef> refs
) const {
    TECNOCHAT_TRY(auto rows, transaction.execute(kLockDeliveries, refs_to_params(refs)));
    std::vector<Delivery> deliveries;
    deliveries.reserve(static_cast<std::size_t>(rows.size()));
    for (const auto row : rows) {
        if (!is_outbound(row.text(5))) continue;
        const auto status = domain::parse_message_status(row.text(2));
        TECNOCHAT_ASSERT(status.has_value(), "messages.status holds a word we do not know");
        deliveries.push_back(
            {{TenantId(row.uuid(0)), MessageId(row.uuid(1))},
             *status,
             row.number(3),
             row.text_or_null(4)}
        );
    }
    return deliveries;
}

Status Messages::update_deliveries(Transaction& transaction, std::span<const Delivery> deliveries)
    const {
    if (deliveries.empty()) return ok();
    std::vector<Uuid> tenants;
    std::vector<Uuid> ids;
    std::vector<std::string> statuses;
    std::vector<std::int64_t> error_codes;
    std::vector<std::optional<std::string>> wamids;
    for (const auto& delivery : deliveries) {
        tenants.push_back(delivery.message.tenant.uuid());
        ids.push_back(delivery.message.id.uuid());
        statuses.emplace_back(to_string(delivery.status));
        error_codes.push_back(delivery.error_code);
        wamids.push_back(delivery.wamid);
    }
    Params params;
    params.add_array(tenants).add_array(ids).add_array(statuses).add_array(error_codes);
    params.add_array(wamids);
    auto rows = transaction.execute(kUpdateDeliveries, params);
    if (!rows) return std::move(rows).error();
    return ok();
}

}  // namespace tecnochat::message_router::store
