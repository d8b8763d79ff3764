#pragma once

#include <optional>

#include "ports.hpp"
#include "use_cases/knowledge_indexes.hpp"

namespace tecnochat::ai_reply {

/// What a business does with its knowledge. Limits: title 200 and text 8000 characters, 2000 items
/// a tenant (the store's), pages of at most 500.
class ManageKnowledge {
 public:
    ManageKnowledge(KnowledgeStore& store, KnowledgeIndexes& indexes)
        : store_(store), indexes_(indexes) {}

    /// kInvalidArgument for an empty or overlong title or text or a nil id.
    Result<StoredItem> put(const TenantId& tenant, const KnowledgeItem& item, Deadline deadline);
    Result<StoredItem> get(const TenantId& tenant, const KnowledgeItemId& id, Deadline deadline);
    /// By id, at most `limit`, those behind `after`.
    Result<KnowledgePage> list(
        const TenantId& tenant, std::optional<KnowledgeItemId> after, int limit, Deadline deadline
    );
    Status remove(const TenantId& tenant, const KnowledgeItemId& id, Deadline deadline);

 private:
    KnowledgeStore& store_;
    KnowledgeIndexes& indexes_;
};

}  // namespace tecnochat::ai_reply
