#include "store/send_queues.hpp"

namespace tecnochat::whatsapp_connector::send_queues {
namespace {

using postgres::Params;

// Waits for whoever is about to mark the number idle; writes once a minute while it is busy.
constexpr std::string_view kTouchQueues = R"sql(
    INSERT INTO send_queues AS q (tenant_id, phone_number_id, active, touched_at)
    SELECT DISTINCT t, p, true, now()
    FROM unnest($1::uuid[], $2::text[]) AS n(t, p)
    ORDER BY t, p
    ON CONFLICT (tenant_id, phone_number_id) DO UPDATE SET active = true, touched_at = now()
    WHERE NOT q.active OR q.touched_at < now() - interval '1 minute')sql";
constexpr std::string_view kActiveNumbers =
    "SELECT tenant_id, phone_number_id FROM send_queues WHERE active";
constexpr std::string_view kWithDue = R"sql(
    SELECT n.t AS tenant_id, n.p AS phone_number_id
    FROM unnest($1::uuid[], $2::text[]) AS n(t, p)
    WHERE EXISTS (SELECT FROM sends s
    WHERE s.tenant_id = n.t
    AND s.phone_number_id = n.p
    AND s.open
    AND s.state = 'queued'
    AND s.next_attempt_at <= now()))sql";
// The lock first: whoever stores a send for the number after it waits, and whatever was stored
// before it is seen by the statement behind it.
constexpr std::string_view kLockQuiet = R"sql(
    SELECT tenant_id, phone_number_id
    FROM send_queues
    WHERE active
    AND touched_at < now() - interval '10 minutes'
    ORDER BY tenant_id, phone_number_id LIMIT 1000 FOR UPDATE SKIP LOCKED)sql";
constexpr std::string_view kMarkIdle = R"sql(
    UPDATE send_queues q
    SET active = false
    FROM unnest($1::uuid[], $2::text[]) AS n(t, p)
    WHERE q.tenant_id = n.t
    AND q.phone_number_id = n.p
    AND NOT EXISTS (SELECT FROM sends s
    WHERE s.tenant_id = n.t
    AND s.phone_number_id = n.p
    AND s.open))sql";

std::vector<SendNumber> to_numbers(const postgres::Rows& rows) {
    std::vector<SendNumber> numbers;
    for (const auto row : rows)
        numbers.push_back({row.id<TenantId>("tenant_id"), row.text("phone_number_id")});
    return numbers;
}

}  // namespace

void touch(postgres::Transaction& transaction, std::span<const NewSend> sends) {
    transaction.send(
        kTouchQueues, Params().add_columns(sends, &NewSend::tenant, &NewSend::phone_number_id)
    );
}

Result<std::vector<SendNumber>> active(postgres::Transaction& transaction) {
    TECNOCHAT_TRY(const auto rows, transaction.execute(kActiveNumbers));
    return to_numbers(rows);
}

Result<std::vector<SendNumber>> with_due(
    postgres::Transaction& transaction, std::span<const SendNumber> numbers
) {
    TECNOCHAT_TRY(
        const auto rows,
        transaction.execute(
            kWithDue,
            Params().add_columns(numbers, &SendNumber::tenant, &SendNumber::phone_number_id)
        )
    );
    return to_numbers(rows);
}

Status mark_idle(postgres::Transaction& transaction) {
    TECNOCHAT_TRY(const auto rows, transaction.execute(kLockQuiet));
    const auto quiet = to_numbers(rows);
    if (quiet.empty()) return ok();
    transaction.send(
        kMarkIdle, Params().add_columns(quiet, &SendNumber::tenant, &SendNumber::phone_number_id)
    );
    return ok();
}

}  // namespace tecnochat::whatsapp_connector::send_queues
