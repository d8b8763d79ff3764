#include "store/echo_store.hpp"

namespace tecnochat::echo_service {
namespace {

using postgres::Params;
using postgres::Transaction;

constexpr Milliseconds kTenantsLimit{2000};

constexpr std::string_view kInsertTenants = R"sql(
    INSERT INTO speakers (tenant_id)
    SELECT DISTINCT t FROM unnest($1::uuid[]) t
    ORDER BY t
    ON CONFLICT DO NOTHING
)sql";

constexpr std::string_view kInsert = R"sql(
    INSERT INTO echoes (tenant_id, id, text)
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[])
    ON CONFLICT DO NOTHING
    RETURNING id
)sql";

constexpr std::string_view kGet = R"sql(
    SELECT text FROM echoes WHERE tenant_id = $1 AND id = $2
)sql";

constexpr std::string_view kTenants = R"sql(
    SELECT tenant_id FROM speakers
)sql";

}  // namespace

Result<std::set<EchoId>> insert_new(Transaction& transaction, std::span<const Echo* const> echoes) {
    transaction.send(kInsertTenants, Params().add_columns(echoes, &Echo::tenant));
    TECNOCHAT_TRY(
        const auto rows,
        transaction.execute(
            kInsert, Params().add_columns(echoes, &Echo::tenant, &Echo::id, &Echo::text)
        )
    );
    std::set<EchoId> fresh;
    for (const auto row : rows) fresh.insert(row.id<EchoId>("id"));
    return fresh;
}

Result<Echo> EchoStore::get(const TenantId& tenant, const EchoId& id, Deadline deadline) {
    TECNOCHAT_TRY(auto transaction, Transaction::begin(pool_, tenant, deadline));
    const auto found = transaction.send(kGet, Params().add(tenant).add(id));
    TECNOCHAT_CHECK(transaction.commit());
    if (found.rows().empty()) {
        return make_error(ErrorCode::kNotFound, "no such echo", "ECHO_NOT_FOUND");
    }
    return Echo{tenant, id, found.rows()[0].text("text")};
}

std::vector<TenantId> EchoStore::tenants() {
    std::vector<TenantId> all;
    auto transaction =
        Transaction::begin(pool_, std::span<const TenantId>(), Deadline::after(kTenantsLimit));
    if (!transaction) return all;
    const auto rows = transaction->execute(kTenants);
    if (!rows) return all;
    for (const auto row : *rows) all.push_back(row.id<TenantId>("tenant_id"));
    return all;
}

}  // namespace tecnochat::echo_service
