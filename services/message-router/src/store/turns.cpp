#include "store/turns.hpp"

#include <string>

#include "domain/vocabulary.hpp"
#include "tecnochat/core/assert.hpp"

namespace tecnochat::message_router::store::turns {
namespace {

using postgres::Params;
using postgres::Transaction;

constexpr std::string_view kInsert = R"sql(
    INSERT INTO turns (tenant_id, id, conversation_id, epoch, outcome, reason, opened_at,
        closed_at)
    SELECT tenant_id, id, conversation_id, epoch, outcome, reason, opened_at,
        CASE WHEN outcome IS NOT NULL THEN $8::timestamptz END
    FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::bigint[], $5::text[], $6::text[],
        $7::timestamptz[]) n(tenant_id, id, conversation_id, epoch, outcome, reason, opened_at)
)sql";

constexpr std::string_view kFind = R"sql(
    SELECT t.id, t.conversation_id, t.epoch, t.outcome IS NULL, t.opened_at
    FROM unnest($1::uuid[], $2::uuid[]) k(tenant_id, id)
    JOIN turns t ON t.tenant_id = k.tenant_id AND t.id = k.id
)sql";

constexpr std::string_view kOpenSince = R"sql(
    SELECT tenant_id, conversation_id, id
    FROM turns
    WHERE outcome IS NULL AND opened_at <= $1
    ORDER BY opened_at, id
    LIMIT $2
)sql";

// Only where there is no outcome yet: a turn ends once. Not written as IS NULL, which would offer
// the index of open turns; until the first ANALYZE the planner would read all of it.
constexpr std::string_view kClose = R"sql(
    UPDATE turns t
    SET outcome = n.outcome, reason = n.reason, closed_at = $5::timestamptz
    FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[]) n(tenant_id, id, outcome, reason)
    WHERE t.tenant_id = n.tenant_id AND t.id = n.id AND coalesce(t.outcome, '') = ''
)sql";

constexpr std::string_view kSupersede = R"sql(
    UPDATE turns t
    SET outcome = 'silence', reason = 'superseded', closed_at = $3::timestamptz
    FROM unnest($1::uuid[], $2::uuid[]) k(tenant_id, conversation_id)
    WHERE t.tenant_id = k.tenant_id AND t.conversation_id = k.conversation_id
        AND t.outcome IS NULL
)sql";

std::optional<std::string> outcome_word(const std::optional<domain::TurnEnd>& end) {
    if (!end) return std::nullopt;
    return std::string(to_string(end->outcome));
}

std::optional<std::string> reason_word(const std::optional<domain::TurnEnd>& end) {
    if (!end || end->outcome != domain::Outcome::kSilence) return std::nullopt;
    return std::string(end->reason);
}

}  // namespace

Status insert(Transaction& transaction, std::span<const NewTurn> turns, Timestamp now) {
    if (turns.empty()) return ok();
    std::vector<Uuid> tenants;
    std::vector<Uuid> ids;
    std::vector<Uuid> conversations;
    std::vector<std::int64_t> epochs;
    std::vector<std::optional<std::string>> outcomes;
    std::vector<std::optional<std::string>> reasons;
    std::vector<Timestamp> opened_at;
    for (const auto& turn : turns) {
        tenants.push_back(turn.tenant.uuid());
        ids.push_back(turn.id.uuid());
        conversations.push_back(turn.conversation.uuid());
        epochs.push_back(turn.epoch);
        outcomes.push_back(outcome_word(turn.end));
        reasons.push_back(reason_word(turn.end));
        opened_at.push_back(turn.opened_at);
    }
    Params params;
    params.add_array(tenants).add_array(ids).add_array(conversations).add_array(epochs);
    params.add_array(outcomes).add_array(reasons).add_array(opened_at).add(now);
    auto rows = transaction.execute(kInsert, params);
    if (!rows) return std::move(rows).error();
    return ok();
}

Result<std::vector<domain::Turn>> find(Transaction& transaction, std::span<const TurnRef> refs) {
    std::vector<Uuid> tenants;
    std::vector<Uuid> ids;
    for (const auto& ref : refs) {
        tenants.push_back(ref.tenant.uuid());
        ids.push_back(ref.id.uuid());
    }
    TECNOCHAT_TRY(
        auto rows, transaction.execute(kFind, Params().add_array(tenants).add_array(ids))
    );
    std::vector<domain::Turn> found;
    found.reserve(static_cast<std::size_t>(rows.size()));
    for (const auto row : rows) {
        found.push_back(
            {TurnId(row.uuid(0)),
             ConversationId(row.uuid(1)),
             row.number(2),
             row.flag(3),
             row.time(4)}
        );
    }
    return found;
}

Result<std::vector<OpenTurn>> open_since(Transaction& transaction, Timestamp time, int limit) {
    TECNOCHAT_TRY(auto rows, transaction.execute(kOpenSince, Params().add(time).add(limit)));
    std::vector<OpenTurn> found;
    found.reserve(static_cast<std::size_t>(rows.size()));
    for (const auto row : rows) {
        found.push_back({{TenantId(row.uuid(0)), ConversationId(row.uuid(1))}, TurnId(row.uuid(2))}
        );
    }
    return found;
}

Status close(Transaction& transaction, std::span<const ClosedTurn> closed, Timestamp now) {
    if (closed.empty()) return ok();
    std::vector<Uuid> tenants;
    std::vector<Uuid> ids;
    std::vector<std::string> outcomes;
    std::vector<std::optional<std::string>> reasons;
    for (const auto& item : closed) {
        tenants.push_back(item.turn.tenant.uuid());
        ids.push_back(item.turn.id.uuid());
        outcomes.emplace_back(to_string(item.end.outcome));
        reasons.push_back(reason_word(item.end));
    }
    Params params;
    params.add_array(tenants).add_array(ids).add_array(outcomes).add_array(reasons).add(now);
    TECNOCHAT_TRY(auto rows, transaction.execute(kClose, params));
    TECNOCHAT_ASSERT(
        rows.affected() == static_cast<std::int64_t>(closed.size()), "a turn would end twice"
    );
    return ok();
}

Result<std::int64_t> supersede_open(
    Transaction& transaction, std::span<const ConversationRef> conversations, Timestamp now
) {
    if (conversations.empty()) return 0;
    std::vector<Uuid> tenants;
    std::vector<Uuid> ids;
    for (const auto& ref : conversations) {
        tenants.push_back(ref.tenant.uuid());
        ids.push_back(ref.id.uuid());
    }
    TECNOCHAT_TRY(
        auto rows,
        transaction.execute(kSupersede, Params().add_array(tenants).add_array(ids).add(now))
    );
    return rows.affected();
}

}  // namespace tecnochat::message_router::store::turns
