#include "tecnochat/postgres/inbox.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace tecnochat::postgres {
namespace {

constexpr std::string_view kInsert =
    "INSERT INTO inbox (tenant_id, consumer, event_id) "
    "SELECT e.tenant_id, $1, e.event_id FROM unnest($2::uuid[], $3::text[]) AS e(tenant_id, "
    "event_id) ON CONFLICT DO NOTHING RETURNING tenant_id, event_id";

constexpr std::string_view kPrune =
    "DELETE FROM inbox WHERE ctid = ANY(ARRAY(SELECT ctid FROM inbox "
    "WHERE received_at < now() - make_interval(secs => $1::float8 / 1000) LIMIT $2))";

}  // namespace

Result<std::vector<bool>> inbox_insert(
    Transaction& transaction, std::string_view consumer, std::span<const InboxEntry> entries
) {
    // (tenant, event) -> where it stands first; the map's order is the order of insertion.
    std::map<std::pair<TenantId, std::string_view>, std::size_t> first_places;
    for (std::size_t i = 0; i < entries.size(); ++i) {
        if (entries[i].event_id.find('\0') != std::string::npos) {
            return make_error(ErrorCode::kInvalidArgument, "an event id holds a NUL");
        }
        first_places.try_emplace({entries[i].tenant, entries[i].event_id}, i);
    }
    std::vector<bool> is_new(entries.size(), false);
    if (entries.empty()) return is_new;

    const auto tenant = [](const auto& entry) { return entry.first.first; };
    const auto event_id = [](const auto& entry) { return entry.first.second; };
    Params params;
    params.add(consumer).add_columns(first_places, tenant, event_id);
    TECNOCHAT_TRY(const auto rows, transaction.execute(kInsert, params));
    for (const auto row : rows) {
        const auto place = first_places.find({row.id<TenantId>("tenant_id"), row.view("event_id")});
        TECNOCHAT_ASSERT(place != first_places.end(), "the inbox returned a foreign event");
        is_new[place->second] = true;
    }
    return is_new;
}

Result<std::int64_t> inbox_prune(Transaction& transaction, Milliseconds keep, int limit) {
    TECNOCHAT_TRY(
        const auto rows, transaction.execute(kPrune, Params().add(keep.count()).add(limit))
    );
    return rows.affected();
}

}  // namespace tecnochat::postgres
