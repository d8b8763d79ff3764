#include "store/turns.hpp"

#include <string_view>

#include "domain/vocabulary.hpp"

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
    SELECT t.id, t.conversation_id, t.epoch, t.outcome IS NULL AS open, t.opened_at
    FROM unnest($1::uuid[], $2::uuid[]) k(tenant_id, id)
    JOIN turns t ON t.tenant_id = k.tenant_id AND t.id = k.id
)sql";

constexpr std::string_view kOpenSince = R"sql(
    SELECT tenant_id, conversation_id, id, opened_at
    FROM turns
    WHERE outcome IS NULL AND opened_at <= $1
        AND ($3::timestamptz IS NULL OR (opened_at, id) > ($3, $4::uuid))
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

using Word = std::optional<std::string_view>;

Word outcome_word(const std::optional<domain::TurnEnd>& end) {
    if (!end) return std::nullopt;
    return to_string(end->outcome);
}

Word reason_word(const std::optional<domain::TurnEnd>& end) {
    if (!end || end->outcome != domain::Outcome::kSilence) return std::nullopt;
    return end->reason;
}

}  // namespace

void insert(Transaction& transaction, std::span<const NewTurn> turns, Timestamp now) {
    if (turns.empty()) return;
    Params params;
    params.add_columns(
        turns,
        &NewTurn::tenant,
        &NewTurn::id,
        &NewTurn::conversation,
        &NewTurn::epoch,
        [](const NewTurn& turn) { return outcome_word(turn.end); },
        [](const NewTurn& turn) { return reason_word(turn.end); },
        &NewTurn::opened_at
    );
    params.add(now);
    transaction.send(kInsert, params);
}

Result<std::vector<domain::Turn>> find(Transaction& transaction, std::span<const TurnRef> refs) {
    Params params;
    params.add_columns(refs, &TurnRef::tenant, &TurnRef::id);
    TECNOCHAT_TRY(const auto rows, transaction.execute(kFind, params));
    std::vector<domain::Turn> found;
    found.reserve(static_cast<std::size_t>(rows.size()));
    for (const auto row : rows) {
        domain::Turn turn;
        turn.id = row.id<TurnId>("id");
        turn.conversation = row.id<ConversationId>("conversation_id");
        turn.epoch = row.number("epoch");
        turn.open = row.flag("open");
        turn.opened_at = row.time("opened_at");
        found.push_back(turn);
    }
    return found;
}

Result<std::vector<OpenTurn>> open_since(
    Transaction& transaction, Timestamp time, const std::optional<OpenTurnCursor>& after, int limit
) {
    Params params;
    params.add(time).add(limit);
    if (after) {
        params.add(after->opened_at).add(after->id);
    } else {
        params.add_null().add_null();
    }
    const auto queued = transaction.send(kOpenSince, params);
    TECNOCHAT_CHECK(transaction.commit());
    std::vector<OpenTurn> found;
    found.reserve(static_cast<std::size_t>(queued.rows().size()));
    for (const auto row : queued.rows()) {
        OpenTurn turn;
        turn.conversation.tenant = row.id<TenantId>("tenant_id");
        turn.conversation.id = row.id<ConversationId>("conversation_id");
        turn.id = row.id<TurnId>("id");
        turn.opened_at = row.time("opened_at");
        found.push_back(turn);
    }
    return found;
}

postgres::Pending close(
    Transaction& transaction, std::span<const ClosedTurn> closed, Timestamp now
) {
    Params params;
    params.add_columns(
        closed,
        [](const ClosedTurn& item) { return item.turn.tenant; },
        [](const ClosedTurn& item) { return item.turn.id; },
        [](const ClosedTurn& item) { return to_string(item.end.outcome); },
        [](const ClosedTurn& item) { return reason_word(item.end); }
    );
    params.add(now);
    return transaction.send(kClose, params);
}

postgres::Pending supersede_open(
    Transaction& transaction, std::span<const ConversationRef> conversations, Timestamp now
) {
    Params params;
    params.add_columns(conversations, &ConversationRef::tenant, &ConversationRef::id).add(now);
    return transaction.send(kSupersede, params);
}

}  // namespace tecnochat::message_router::store::turns
