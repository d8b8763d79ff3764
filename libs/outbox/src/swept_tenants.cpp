#include "swept_tenants.hpp"

#include <algorithm>

namespace tecnochat::outbox {

void SweptTenants::note(std::span<const Entry> entries, std::chrono::steady_clock::time_point now) {
    const std::scoped_lock lock(mutex_);
    for (const auto& entry : entries) appended_[entry.tenant] = now;
}

std::vector<TenantId> SweptTenants::next(
    std::span<const TenantId> all, std::chrono::steady_clock::time_point now
) {
    std::vector<TenantId> tenants;
    if (place_ >= all.size()) place_ = 0;
    const auto part = all.subspan(place_, std::min(kPart, all.size() - place_));
    tenants.assign(part.begin(), part.end());
    place_ += part.size();
    {
        const std::scoped_lock lock(mutex_);
        std::erase_if(appended_, [&](const auto& entry) { return now - entry.second > kLately; });
        for (const auto& [tenant, when] : appended_) tenants.push_back(tenant);
    }
    std::ranges::sort(tenants);
    const auto repeated = std::ranges::unique(tenants);
    tenants.erase(repeated.begin(), repeated.end());
    return tenants;
}

}  // namespace tecnochat::outbox
