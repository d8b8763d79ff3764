#pragma once

#include "ports.hpp"
#include "tecnochat/postgres/pool.hpp"
#include "tecnochat/postgres/transaction.hpp"

namespace tecnochat::ai_reply {

/// KnowledgeStore in PostgreSQL (migrations/0001_knowledge.sql). Each call is one transaction of
/// one tenant under row-level security; a change raises the tenant's version in the same
/// transaction.
class PostgresKnowledgeStore final : public KnowledgeStore {
 public:
    /// A tenant's items are all indexed in memory: this bounds what one tenant can take of it.
    static constexpr int kItemsMax = 2000;

    explicit PostgresKnowledgeStore(postgres::Pool& pool) : pool_(pool) {}

    Result<StoredItem> put(const TenantId& tenant, const KnowledgeItem& item, Deadline deadline)
        override;
    Result<StoredItem> get(const TenantId& tenant, const KnowledgeItemId& id, Deadline deadline)
        override;
    Result<KnowledgePage> list(
        const TenantId& tenant, std::optional<KnowledgeItemId> after, int limit, Deadline deadline
    ) override;
    Status remove(const TenantId& tenant, const KnowledgeItemId& id, Deadline deadline) override;
    Result<std::int64_t> version(const TenantId& tenant, Deadline deadline) override;
    Result<KnowledgeSnapshot> load(const TenantId& tenant, Deadline deadline) override;

 private:
    postgres::Pool& pool_;
};

}  // namespace tecnochat::ai_reply
