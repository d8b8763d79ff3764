#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "domain/knowledge_item.hpp"
#include "domain/reply.hpp"
#include "tecnochat/core/clock.hpp"
#include "tecnochat/core/result.hpp"

namespace tecnochat::ai_reply {

struct StoredItem {
    KnowledgeItem item;
    Timestamp updated_at;
};

struct KnowledgePage {
    std::vector<StoredItem> items;
    /// The item the next page begins after; empty on the last page.
    std::optional<KnowledgeItemId> next;
};

/// The knowledge of one tenant as it stood at `version`, or a little newer.
struct KnowledgeSnapshot {
    std::int64_t version = 0;
    std::vector<KnowledgeItem> items;
};

/// Where knowledge lives. Every call sees one tenant and no other; all fail with kUnavailable or
/// kDeadlineExceeded when the store is away. An item of a kind that only a newer version knows is
/// left out of pages and snapshots.
class KnowledgeStore {
 public:
    virtual ~KnowledgeStore() = default;
    /// Creates or replaces by id; writing what is there already changes nothing. kResourceExhausted
    /// (KNOWLEDGE_FULL) where a new item would be one too many.
    virtual Result<StoredItem> put(
        const TenantId& tenant, const KnowledgeItem& item, Deadline deadline
    ) = 0;
    /// kNotFound if the tenant has none with that id; kDataLoss (UNKNOWN_WORD) for one of a kind
    /// that this version does not know.
    virtual Result<StoredItem> get(
        const TenantId& tenant, const KnowledgeItemId& id, Deadline deadline
    ) = 0;
    /// At most `limit` items with an id above `after`, by id; fewer do not mean the last page.
    virtual Result<KnowledgePage> list(
        const TenantId& tenant, std::optional<KnowledgeItemId> after, int limit, Deadline deadline
    ) = 0;
    /// Removing an absent item is no error.
    virtual Status remove(const TenantId& tenant, const KnowledgeItemId& id, Deadline deadline) = 0;
    /// Grows with every change; 0 for a tenant that never had knowledge.
    virtual Result<std::int64_t> version(const TenantId& tenant, Deadline deadline) = 0;
    virtual Result<KnowledgeSnapshot> load(const TenantId& tenant, Deadline deadline) = 0;
};

/// Decides what a business says to a question. The built-in engine today, a language model behind
/// the same port later.
class ReplyEngine {
 public:
    virtual ~ReplyEngine() = default;
    virtual Result<Reply> reply(
        const TenantId& tenant, const Question& question, Deadline deadline
    ) = 0;
};

}  // namespace tecnochat::ai_reply
