#pragma once

#include <algorithm>
#include <vector>

#include "tecnochat/core/uuid.hpp"

namespace tecnochat::whatsapp_connector {

/// The distinct tenants of a batch: what its transaction may see.
template <class Items, class TenantOf>
std::vector<TenantId> tenants_of(const Items& items, TenantOf tenant_of) {
    std::vector<TenantId> tenants;
    tenants.reserve(items.size());
    for (const auto& item : items) tenants.push_back(tenant_of(item));
    std::sort(tenants.begin(), tenants.end());
    tenants.erase(std::unique(tenants.begin(), tenants.end()), tenants.end());
    return tenants;
}

}  // namespace tecnochat::whatsapp_connector
