#include "store/set_aside.hpp"

#include <vector>

namespace tecnochat::message_router::store::set_aside {
namespace {

using postgres::Params;
using postgres::Transaction;

constexpr std::string_view kInsert = R"sql(
    INSERT INTO set_aside_messages (tenant_id, id, phone_number_id, reason, value, received_at,
        sealed_day)
    SELECT n.*, $7::integer
    FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::bytea[], $6::timestamptz[]) n
)sql";

constexpr std::string_view kPrune = R"sql(
    DELETE FROM set_aside_messages
    WHERE (tenant_id, id) IN (
        SELECT tenant_id, id
        FROM set_aside_messages
        WHERE received_at < now() - $1 * interval '1 millisecond'
        LIMIT $2
        FOR UPDATE SKIP LOCKED
    )
)sql";

struct Sealed {
    const NewSetAside* message;
    Uuid id;
    std::string value;
};

}  // namespace

Status insert(
    Transaction& transaction,
    std::span<const NewSetAside> messages,
    const sealing::Keyring& daily,
    Timestamp now
) {
    if (messages.empty()) return ok();
    std::vector<Sealed> sealed;
    sealed.reserve(messages.size());
    for (const auto& message : messages) {
        TECNOCHAT_TRY(auto value, daily.seal(message.value));
        sealed.push_back({&message, MessageId::generate(now).uuid(), std::move(value)});
    }
    Params params;
    params.add_columns(
        sealed,
        [](const Sealed& row) { return row.message->tenant; },
        &Sealed::id,
        [](const Sealed& row) -> const auto& { return row.message->phone_number_id; },
        [](const Sealed& row) { return row.message->reason; },
        [](const Sealed& row) { return postgres::Bytes{row.value}; },
        [](const Sealed& row) { return row.message->received_at; }
    );
    const auto day = std::chrono::floor<std::chrono::days>(now);
    params.add(std::int64_t{day.time_since_epoch().count()});
    transaction.send(kInsert, params);
    return ok();
}

Result<std::int64_t> prune(Transaction& transaction, Milliseconds keep, int limit) {
    TECNOCHAT_TRY(
        const auto rows, transaction.execute(kPrune, Params().add(keep.count()).add(limit))
    );
    return rows.affected();
}

}  // namespace tecnochat::message_router::store::set_aside
