#include "store/postgres_knowledge_store.hpp"

#include <array>
#include <string_view>

#include "tecnochat/core/assert.hpp"
#include "tecnochat/core/failpoint.hpp"

namespace tecnochat::ai_reply {
namespace {

using postgres::Params;
using postgres::Row;
using postgres::Rows;
using postgres::Transaction;

Failpoint before_commit{"ai-reply.knowledge.commit.before"};
Failpoint after_commit{"ai-reply.knowledge.commit.after"};

/// In the order of KnowledgeKind.
constexpr std::array<std::string_view, 6> kKinds = {
    "faq", "hours", "product", "service", "policy", "other"
};

constexpr std::string_view kCreateVersion =
    "INSERT INTO tenant_knowledge (tenant_id, version) VALUES ($1, 0) ON CONFLICT DO NOTHING";
constexpr std::string_view kLockVersion =
    "SELECT version FROM tenant_knowledge WHERE tenant_id = $1 FOR UPDATE";
constexpr std::string_view kRaiseVersion =
    "UPDATE tenant_knowledge SET version = $2 WHERE tenant_id = $1";
constexpr std::string_view kVersion = "SELECT version FROM tenant_knowledge WHERE tenant_id = $1";
constexpr std::string_view kHasRoom =
    "SELECT EXISTS (SELECT FROM knowledge_items WHERE tenant_id = $1 AND id = $2)"
    " OR (SELECT count(*) FROM knowledge_items WHERE tenant_id = $1) < $3";
/// No row comes back where the item is the same already.
constexpr std::string_view kUpsert =
    "INSERT INTO knowledge_items AS old (tenant_id, id, kind, title, text, version)"
    " VALUES ($1, $2, $3, $4, $5, $6)"
    " ON CONFLICT (tenant_id, id) DO UPDATE SET kind = excluded.kind, title = excluded.title,"
    " text = excluded.text, version = excluded.version, updated_at = now()"
    " WHERE (old.kind, old.title, old.text)"
    " IS DISTINCT FROM (excluded.kind, excluded.title, excluded.text)"
    " RETURNING id, kind, title, text, updated_at";
constexpr std::string_view kGet =
    "SELECT id, kind, title, text, updated_at FROM knowledge_items"
    " WHERE tenant_id = $1 AND id = $2";
constexpr std::string_view kList =
    "SELECT id, kind, title, text, updated_at FROM knowledge_items"
    " WHERE tenant_id = $1 AND ($2::uuid IS NULL OR id > $2) ORDER BY id LIMIT $3";
constexpr std::string_view kDelete = "DELETE FROM knowledge_items WHERE tenant_id = $1 AND id = $2";

StoredItem to_item(const Row& row) {
    StoredItem stored;
    stored.item.id = KnowledgeItemId(row.uuid(0));
    const std::string kind = row.text(1);
    std::size_t index = 0;
    while (index < kKinds.size() && kKinds[index] != kind) ++index;
    TECNOCHAT_ASSERT(index < kKinds.size(), "the database's check lets no other kind in");
    stored.item.kind = static_cast<KnowledgeKind>(index);
    stored.item.title = row.text(2);
    stored.item.text = row.text(3);
    stored.updated_at = row.time(4);
    return stored;
}

/// Takes the tenant's row, which puts the tenant's writers in order, and returns its version.
Result<std::int64_t> lock_version(Transaction& transaction, const TenantId& tenant) {
    TECNOCHAT_TRY(auto created, transaction.execute(kCreateVersion, Params().add(tenant)));
    static_cast<void>(created);
    TECNOCHAT_TRY(const Rows rows, transaction.execute(kLockVersion, Params().add(tenant)));
    return rows[0].number(0);
}

Status raise_version(Transaction& transaction, const TenantId& tenant, std::int64_t version) {
    TECNOCHAT_TRY(
        auto raised, transaction.execute(kRaiseVersion, Params().add(tenant).add(version))
    );
    static_cast<void>(raised);
    return transaction.commit({&before_commit, &after_commit});
}

Result<StoredItem> find(
    Transaction& transaction, const TenantId& tenant, const KnowledgeItemId& id
) {
    TECNOCHAT_TRY(const Rows rows, transaction.execute(kGet, Params().add(tenant).add(id)));
    if (rows.empty()) {
        return make_error(ErrorCode::kNotFound, "no such knowledge item", "ITEM_NOT_FOUND");
    }
    return to_item(rows[0]);
}

Result<std::int64_t> read_version(Transaction& transaction, const TenantId& tenant) {
    TECNOCHAT_TRY(const Rows rows, transaction.execute(kVersion, Params().add(tenant)));
    return rows.empty() ? std::int64_t{0} : rows[0].number(0);
}

}  // namespace

Result<StoredItem> PostgresKnowledgeStore::put(
    const TenantId& tenant, const KnowledgeItem& item, Deadline deadline
) {
    TECNOCHAT_TRY(auto transaction, Transaction::begin(pool_, tenant, deadline));
    TECNOCHAT_TRY(const std::int64_t version, lock_version(transaction, tenant));
    TECNOCHAT_TRY(
        const Rows room,
        transaction.execute(kHasRoom, Params().add(tenant).add(item.id).add(kItemsMax))
    );
    if (!room[0].flag(0)) {
        return make_error(
            ErrorCode::kResourceExhausted, "a business may have 2000 items", "KNOWLEDGE_FULL"
        );
    }
    TECNOCHAT_TRY(
        const Rows written,
        transaction.execute(
            kUpsert,
            Params()
                .add(tenant)
                .add(item.id)
                .add(kKinds.at(static_cast<std::size_t>(item.kind)))
                .add(item.title)
                .add(item.text)
                .add(version + 1)
        )
    );
    if (written.empty()) return find(transaction, tenant, item.id);
    TECNOCHAT_CHECK(raise_version(transaction, tenant, version + 1));
    return to_item(written[0]);
}

Result<StoredItem> PostgresKnowledgeStore::get(
    const TenantId& tenant, const KnowledgeItemId& id, Deadline deadline
) {
    TECNOCHAT_TRY(auto transaction, Transaction::begin(pool_, tenant, deadline));
    return find(transaction, tenant, id);
}

Result<std::vector<StoredItem>> PostgresKnowledgeStore::list(
    const TenantId& tenant, std::optional<KnowledgeItemId> after, int limit, Deadline deadline
) {
    TECNOCHAT_TRY(auto transaction, Transaction::begin(pool_, tenant, deadline));
    TECNOCHAT_TRY(
        const Rows rows, transaction.execute(kList, Params().add(tenant).add(after).add(limit))
    );
    std::vector<StoredItem> items;
    items.reserve(static_cast<std::size_t>(rows.size()));
    for (const Row row : rows) items.push_back(to_item(row));
    return items;
}

Status PostgresKnowledgeStore::remove(
    const TenantId& tenant, const KnowledgeItemId& id, Deadline deadline
) {
    TECNOCHAT_TRY(auto transaction, Transaction::begin(pool_, tenant, deadline));
    TECNOCHAT_TRY(const std::int64_t version, lock_version(transaction, tenant));
    TECNOCHAT_TRY(const Rows rows, transaction.execute(kDelete, Params().add(tenant).add(id)));
    if (rows.affected() == 0) return ok();
    return raise_version(transaction, tenant, version + 1);
}

Result<std::int64_t> PostgresKnowledgeStore::version(const TenantId& tenant, Deadline deadline) {
    TECNOCHAT_TRY(auto transaction, Transaction::begin(pool_, tenant, deadline));
    return read_version(transaction, tenant);
}

Result<KnowledgeSnapshot> PostgresKnowledgeStore::load(const TenantId& tenant, Deadline deadline) {
    TECNOCHAT_TRY(auto transaction, Transaction::begin(pool_, tenant, deadline));
    KnowledgeSnapshot snapshot;
    // The version first: a change between the two reads then only makes the next check build again.
    TECNOCHAT_TRY(snapshot.version, read_version(transaction, tenant));
    TECNOCHAT_TRY(
        const Rows rows,
        transaction.execute(
            kList, Params().add(tenant).add(std::optional<KnowledgeItemId>()).add(kItemsMax)
        )
    );
    for (const Row row : rows) snapshot.items.push_back(to_item(row).item);
    return snapshot;
}

}  // namespace tecnochat::ai_reply
