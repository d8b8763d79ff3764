#include "directory.hpp"

#include <algorithm>

namespace tecnochat::message_router {
namespace {

Directory::Entries to_entries(const std::vector<store::Channel>& channels) {
    Directory::Entries entries;
    for (const auto& channel : channels)
        entries.insert_or_assign(
            channel.phone_number_id, Directory::Entry{channel.tenant, channel.state}
        );
    return entries;
}

}  // namespace

Status Directory::refresh(Deadline deadline) {
    TECNOCHAT_TRY(
        auto transaction, postgres::Transaction::begin(pool_, store::channels::kNoTenants, deadline)
    );
    TECNOCHAT_TRY(auto channels, store::channels::all(transaction));
    TECNOCHAT_CHECK(transaction.commit());
    entries_.with([&](Entries& entries) { entries = to_entries(channels); });
    return ok();
}

Result<Directory::Entries> Directory::lookup(
    std::span<const std::string> phone_number_ids, Deadline deadline
) {
    Entries found;
    std::vector<std::string> missing;
    entries_.with([&](const Entries& entries) {
        for (const auto& number : phone_number_ids) {
            const auto it = entries.find(number);
            if (it != entries.end()) {
                found.insert(*it);
            } else {
                missing.push_back(number);
            }
        }
    });
    if (missing.empty()) return found;
    TECNOCHAT_TRY(
        auto transaction, postgres::Transaction::begin(pool_, store::channels::kNoTenants, deadline)
    );
    TECNOCHAT_TRY(auto channels, store::channels::find(transaction, missing));
    TECNOCHAT_CHECK(transaction.commit());
    const Entries fresh = to_entries(channels);
    entries_.with([&](Entries& entries) { entries.insert(fresh.begin(), fresh.end()); });
    found.insert(fresh.begin(), fresh.end());
    return found;
}

std::vector<TenantId> Directory::tenants() const {
    std::vector<TenantId> tenants;
    entries_.with([&](const Entries& entries) {
        for (const auto& [number, entry] : entries) tenants.push_back(entry.tenant);
    });
    std::sort(tenants.begin(), tenants.end());
    tenants.erase(std::unique(tenants.begin(), tenants.end()), tenants.end());
    return tenants;
}

}  // namespace tecnochat::message_router
