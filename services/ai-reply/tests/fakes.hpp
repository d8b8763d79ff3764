#pragma once

#include <algorithm>
#include <map>

#include "ports.hpp"
#include "tecnochat/core/guarded.hpp"

namespace tecnochat::ai_reply {

/// A clock that only moves when told to.
class FakeClock final : public Clock {
 public:
    [[nodiscard]] Timestamp now() const override { return Timestamp(Milliseconds(1'000)); }
    [[nodiscard]] std::chrono::steady_clock::time_point steady_now() const override { return now_; }
    void advance(Milliseconds by) { now_ += by; }

 private:
    std::chrono::steady_clock::time_point now_{std::chrono::hours(1)};
};

/// KnowledgeStore in memory; behaves as the real one does (tests/store_conformance.hpp), counts
/// what it is asked, and fails on demand.
class FakeKnowledgeStore final : public KnowledgeStore {
 public:
    Result<StoredItem> put(const TenantId& tenant, const KnowledgeItem& item, Deadline) override {
        if (away) return unavailable();
        Tenant& known = tenants_[tenant];
        const auto found = known.items.find(item.id);
        if (found == known.items.end() || !same(found->second.item, item)) {
            known.items[item.id] = {item, Timestamp(Milliseconds(++known.version))};
        }
        return known.items[item.id];
    }
    Result<StoredItem> get(const TenantId& tenant, const KnowledgeItemId& id, Deadline) override {
        if (away) return unavailable();
        const Tenant& known = tenants_[tenant];
        const auto found = known.items.find(id);
        if (found == known.items.end()) {
            return make_error(ErrorCode::kNotFound, "no such knowledge item", "ITEM_NOT_FOUND");
        }
        return found->second;
    }
    Result<KnowledgePage> list(
        const TenantId& tenant, std::optional<KnowledgeItemId> after, int limit, Deadline
    ) override {
        if (away) return unavailable();
        KnowledgePage page;
        for (const auto& [id, stored] : tenants_[tenant].items) {
            if (after && id <= *after) continue;
            if (page.items.size() == static_cast<std::size_t>(limit)) {
                page.next = page.items.back().item.id;
                break;
            }
            page.items.push_back(stored);
        }
        return page;
    }
    Status remove(const TenantId& tenant, const KnowledgeItemId& id, Deadline) override {
        if (away) return unavailable();
        Tenant& known = tenants_[tenant];
        if (known.items.erase(id) > 0) ++known.version;
        return ok();
    }
    Result<std::int64_t> version(const TenantId& tenant, Deadline) override {
        ++versions_read;
        if (away) return unavailable();
        return tenants_[tenant].version;
    }
    Result<KnowledgeSnapshot> load(const TenantId& tenant, Deadline) override {
        ++loads;
        if (away) return unavailable();
        KnowledgeSnapshot snapshot{tenants_[tenant].version, {}};
        for (const auto& [id, stored] : tenants_[tenant].items) {
            snapshot.items.push_back(stored.item);
        }
        return snapshot;
    }

    bool away = false;
    int versions_read = 0;
    int loads = 0;

 private:
    struct Tenant {
        std::int64_t version = 0;
        std::map<KnowledgeItemId, StoredItem> items;
    };
    static Error unavailable() { return make_error(ErrorCode::kUnavailable, "the store is away"); }
    static bool same(const KnowledgeItem& a, const KnowledgeItem& b) {
        return a.kind == b.kind && a.title == b.title && a.text == b.text;
    }
    std::map<TenantId, Tenant> tenants_;
};

inline TenantId tenant_of(std::uint8_t n) {
    return TenantId(Uuid({1, 0, 0, 0, 0, 0, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, n}));
}
inline KnowledgeItemId item_id_of(std::uint8_t n) {
    return KnowledgeItemId(Uuid({2, 0, 0, 0, 0, 0, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, n}));
}
inline KnowledgeItem item_of(std::uint8_t n, std::string title, std::string text) {
    return {item_id_of(n), KnowledgeKind::kFaq, std::move(title), std::move(text)};
}
inline Deadline soon() {
    return Deadline::after(Milliseconds(5'000));
}

}  // namespace tecnochat::ai_reply
