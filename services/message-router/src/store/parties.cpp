#include "store/parties.hpp"

#include <algorithm>

namespace tecnochat::message_router::store {
namespace {

constexpr std::string_view kFind = R"sql(
    SELECT c.tenant_id, c.id, c.phone_number_id, c.contact_id
    FROM unnest($1::uuid[], $2::uuid[]) k(tenant_id, id)
    JOIN conversations c ON c.tenant_id = k.tenant_id AND c.id = k.id
)sql";

}  // namespace

Result<std::map<ConversationRef, Parties>> find_parties(
    postgres::Pool& pool, std::span<const ConversationRef> refs, Deadline deadline
) {
    std::map<ConversationRef, Parties> found;
    if (refs.empty()) return found;
    std::vector<TenantId> tenants;
    for (const auto& ref : refs) tenants.push_back(ref.tenant);
    std::ranges::sort(tenants);
    const auto repeated = std::ranges::unique(tenants);
    tenants.erase(repeated.begin(), repeated.end());
    TECNOCHAT_TRY(auto transaction, postgres::Transaction::begin(pool, tenants, deadline));
    postgres::Params params;
    params.add_columns(refs, &ConversationRef::tenant, &ConversationRef::id);
    const auto queued = transaction.send(kFind, params);
    TECNOCHAT_CHECK(transaction.commit());
    for (const auto row : queued.rows()) {
        ConversationRef ref;
        ref.tenant = row.id<TenantId>("tenant_id");
        ref.id = row.id<ConversationId>("id");
        Parties parties;
        parties.phone_number_id = row.text("phone_number_id");
        parties.contact = row.id<ContactId>("contact_id");
        found.emplace(ref, std::move(parties));
    }
    return found;
}

}  // namespace tecnochat::message_router::store
