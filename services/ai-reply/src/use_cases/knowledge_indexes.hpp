#pragma once

#include <chrono>
#include <cstdint>
#include <list>
#include <memory>
#include <unordered_map>

#include "domain/knowledge_index.hpp"
#include "ports.hpp"
#include "tecnochat/core/guarded.hpp"
#include "tecnochat/telemetry/metrics.hpp"

namespace tecnochat::ai_reply {

/// The indexes of the tenants asked most recently. An index is used as it is for `check_every`;
/// then the tenant's knowledge version is read, and the index built anew if that has changed.
/// Thread-safe; nothing is locked while the store is asked or an index is built, so two threads may
/// build the same one, which costs time but no correctness.
class KnowledgeIndexes {
 public:
    /// Shared between the cache and the questions under way: an index outlives its eviction.
    using IndexPtr = std::shared_ptr<const KnowledgeIndex>;

    struct Limits {
        std::size_t tenants = 500;
        Milliseconds check_every{200};
    };

    KnowledgeIndexes(
        KnowledgeStore& store, const Clock& clock, Limits limits, telemetry::Metrics& metrics
    );

    Result<IndexPtr> of(const TenantId& tenant, Deadline deadline);
    /// The tenant's knowledge has just changed here: the next question looks at once.
    void invalidate(const TenantId& tenant);

 private:
    using SteadyTime = std::chrono::steady_clock::time_point;
    struct Entry {
        TenantId tenant;
        std::int64_t version = 0;
        IndexPtr index;
        SteadyTime fresh_until;
        /// Counts invalidations: a check that began before one must not make the entry fresh again.
        std::uint64_t generation = 0;
    };
    struct Cache {
        std::list<Entry> by_use;  ///< most recent first
        std::unordered_map<TenantId, std::list<Entry>::iterator> by_tenant;
        Entry* touch(const TenantId& tenant);
    };

    void remember(Entry entry);

    KnowledgeStore& store_;
    const Clock& clock_;
    Limits limits_;
    telemetry::Counter builds_;
    telemetry::Gauge cached_;
    Lexicon lexicon_;
    Guarded<Cache> cache_;
};

}  // namespace tecnochat::ai_reply
