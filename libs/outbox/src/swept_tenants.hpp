#pragma once

#include <chrono>
#include <mutex>
#include <span>
#include <unordered_map>
#include <vector>

#include "tecnochat/outbox/outbox.hpp"

namespace tecnochat::outbox {

/// Which tenants a sweep looks at: those that appended of late, and a part of all others in turns.
/// So what a sweep costs does not grow with the tenants that are registered; what a crash left
/// behind of a quiet tenant, or what another replica deferred, waits for its turn: with 10,000
/// tenants ten seconds. note() from any thread, next() from one.
class SweptTenants {
 public:
    static constexpr std::size_t kPart = 500;
    static constexpr std::chrono::minutes kLately{1};

    void note(std::span<const Entry> entries, std::chrono::steady_clock::time_point now);
    /// Sorted, each once.
    std::vector<TenantId> next(
        std::span<const TenantId> all, std::chrono::steady_clock::time_point now
    );

 private:
    std::mutex mutex_;
    std::unordered_map<TenantId, std::chrono::steady_clock::time_point> appended_;
    std::size_t place_ = 0;
};

}  // namespace tecnochat::outbox
