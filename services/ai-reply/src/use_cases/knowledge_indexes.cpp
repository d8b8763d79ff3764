#include "use_cases/knowledge_indexes.hpp"

#include <optional>

namespace tecnochat::ai_reply {

KnowledgeIndexes::KnowledgeIndexes(
    KnowledgeStore& store, const Clock& clock, Limits limits, telemetry::Metrics& metrics
)
    : store_(store),
      clock_(clock),
      limits_(limits),
      builds_(metrics.counter(
          "tecnochat_ai_reply_index_builds_total", "Knowledge indexes built in memory"
      )),
      cached_(metrics.gauge(
          "tecnochat_ai_reply_index_tenants", "Tenants whose knowledge index is in memory"
      )) {}

KnowledgeIndexes::Entry* KnowledgeIndexes::Cache::touch(const TenantId& tenant) {
    const auto found = by_tenant.find(tenant);
    if (found == by_tenant.end()) return nullptr;
    by_use.splice(by_use.begin(), by_use, found->second);
    return &*found->second;
}

Result<KnowledgeIndexes::IndexPtr> KnowledgeIndexes::of(const TenantId& tenant, Deadline deadline) {
    const SteadyTime now = clock_.steady_now();
    std::optional<Entry> known = cache_.with([&](Cache& cache) {
        const Entry* entry = cache.touch(tenant);
        return entry == nullptr ? std::optional<Entry>() : std::optional<Entry>(*entry);
    });
    if (known && now < known->fresh_until) return known->index;

    Entry entry = known.value_or(Entry{tenant, 0, nullptr, {}, 0});
    TECNOCHAT_TRY(const std::int64_t version, store_.version(tenant, deadline));
    if (!entry.index || version != entry.version) {
        TECNOCHAT_TRY(KnowledgeSnapshot snapshot, store_.load(tenant, deadline));
        entry.index = std::make_shared<const KnowledgeIndex>(lexicon_, std::move(snapshot.items));
        entry.version = snapshot.version;
        builds_.increment();
    }
    entry.fresh_until = now + limits_.check_every;
    IndexPtr index = entry.index;
    remember(std::move(entry));
    return index;
}

void KnowledgeIndexes::remember(Entry entry) {
    cache_.with([&](Cache& cache) {
        if (Entry* held = cache.touch(entry.tenant)) {
            // A slower thread must not put an older index back, nor hide a change made meanwhile.
            if (entry.version < held->version || entry.generation != held->generation) return;
            *held = std::move(entry);
        } else {
            cache.by_use.push_front(std::move(entry));
            cache.by_tenant.emplace(cache.by_use.front().tenant, cache.by_use.begin());
        }
        if (cache.by_use.size() > limits_.tenants) {
            cache.by_tenant.erase(cache.by_use.back().tenant);
            cache.by_use.pop_back();
        }
        cached_.set(static_cast<double>(cache.by_use.size()));
    });
}

void KnowledgeIndexes::invalidate(const TenantId& tenant) {
    cache_.with([&](Cache& cache) {
        const auto found = cache.by_tenant.find(tenant);
        if (found == cache.by_tenant.end()) return;
        found->second->fresh_until = {};
        ++found->second->generation;
    });
}

}  // namespace tecnochat::ai_reply
