#include "store/postgres_knowledge_store.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "tecnochat/core/failpoint.hpp"
#include "tecnochat/telemetry/log.hpp"

namespace tecnochat::ai_reply {
namespace {

using postgres::Params;
using postgres::Row;
using postgres::Rows;
using postgres::Transaction;

StepFailpoints knowledge_commit{"ai-reply.knowledge.commit"};

/// In the order of KnowledgeKind.
constexpr std::array<std::string_view, 6> kKinds = {
    "faq", "hours", "product", "service", "policy", "other"
};

constexpr std::string_view kCreateVersion =
    "INSERT INTO tenant_knowledge (tenant_id, version) VALUES ($1, 0) ON CONFLICT DO NOTHING";
constexpr std::string_view kLockVersion =
    "SELECT version FROM tenant_knowledge WHERE tenant_id = $1 FOR UPDATE";
constexpr std::string_view kRaiseVersion =
    "UPDATE tenant_knowledge SET version = version + 1 WHERE tenant_id = $1";
/// Only if kUpsert wrote the item.
constexpr std::string_view kRaiseVersionIfWritten =
    "UPDATE tenant_knowledge SET version = $3 WHERE tenant_id = $1"
    " AND EXISTS (SELECT FROM knowledge_items WHERE tenant_id = $1 AND id = $2 AND version = $3)";
constexpr std::string_view kVersion = "SELECT version FROM tenant_knowledge WHERE tenant_id = $1";
constexpr std::string_view kHasRoom =
    "SELECT (EXISTS (SELECT FROM knowledge_items WHERE tenant_id = $1 AND id = $2)"
    " OR (SELECT count(*) FROM knowledge_items WHERE tenant_id = $1) < $3) AS room";
/// Changes nothing where the item is the same already.
constexpr std::string_view kUpsert =
    "INSERT INTO knowledge_items AS old (tenant_id, id, kind, title, text, version)"
    " VALUES ($1, $2, $3, $4, $5, $6)"
    " ON CONFLICT (tenant_id, id) DO UPDATE SET kind = excluded.kind, title = excluded.title,"
    " text = excluded.text, version = excluded.version, updated_at = now()"
    " WHERE (old.kind, old.title, old.text)"
    " IS DISTINCT FROM (excluded.kind, excluded.title, excluded.text)";
constexpr std::string_view kGet =
    "SELECT id, kind, title, text, updated_at FROM knowledge_items"
    " WHERE tenant_id = $1 AND id = $2";
constexpr std::string_view kList =
    "SELECT id, kind, title, text, updated_at FROM knowledge_items"
    " WHERE tenant_id = $1 AND ($2::uuid IS NULL OR id > $2) ORDER BY id LIMIT $3";
constexpr std::string_view kDelete = "DELETE FROM knowledge_items WHERE tenant_id = $1 AND id = $2";

std::string_view word_of(KnowledgeKind kind) {
    return kKinds.at(static_cast<std::size_t>(kind));
}

std::optional<KnowledgeKind> parse_kind(std::string_view word) {
    const auto* const found = std::ranges::find(kKinds, word);
    if (found == kKinds.end()) return std::nullopt;
    return static_cast<KnowledgeKind>(found - kKinds.begin());
}

Result<StoredItem> to_item(const Row& row) {
    StoredItem stored;
    stored.item.id = row.id<KnowledgeItemId>("id");
    TECNOCHAT_TRY(stored.item.kind, row.word("kind", parse_kind));
    stored.item.title = row.text("title");
    stored.item.text = row.text("text");
    stored.updated_at = row.time("updated_at");
    return stored;
}

/// What a newer version wrote is left out: what its kind stands for, nobody knows here.
std::vector<StoredItem> known_items(const Rows& rows, int limit) {
    std::vector<StoredItem> items;
    items.reserve(static_cast<std::size_t>(rows.size()));
    for (int i = 0; i < std::min(rows.size(), limit); ++i) {
        if (auto item = to_item(rows[i])) {
            items.push_back(std::move(item).value());
            continue;
        }
        telemetry::log_limited(
            telemetry::Level::kWarning,
            "a knowledge item of a kind that this version does not know is left out",
            {{"item_id", rows[i].id<KnowledgeItemId>("id").to_string()}}
        );
    }
    return items;
}

Result<StoredItem> only_item(const Rows& rows) {
    if (rows.empty()) {
        return make_error(ErrorCode::kNotFound, "no such knowledge item", "ITEM_NOT_FOUND");
    }
    return to_item(rows[0]);
}

std::int64_t version_in(const Rows& rows) {
    return rows.empty() ? 0 : rows[0].number("version");
}

/// Takes the tenant's row, which puts the tenant's writers in order. What follows in the queue sees
/// what the writer before has committed.
postgres::Pending lock_version(Transaction& transaction, const TenantId& tenant) {
    transaction.send(kCreateVersion, Params().add(tenant));
    return transaction.send(kLockVersion, Params().add(tenant));
}

}  // namespace

Result<StoredItem> PostgresKnowledgeStore::put(
    const TenantId& tenant, const KnowledgeItem& item, Deadline deadline
) {
    TECNOCHAT_TRY(auto transaction, Transaction::begin(pool_, tenant, deadline));
    const auto locked = lock_version(transaction, tenant);
    TECNOCHAT_TRY(
        const Rows room,
        transaction.execute(kHasRoom, Params().add(tenant).add(item.id).add(kItemsMax))
    );
    if (!room[0].flag("room")) {
        return make_error(
            ErrorCode::kResourceExhausted, "a business may have 2000 items", "KNOWLEDGE_FULL"
        );
    }
    const std::int64_t version = version_in(locked.rows()) + 1;
    Params written;
    written.add(tenant).add(item.id).add(word_of(item.kind)).add(item.title).add(item.text);
    transaction.send(kUpsert, written.add(version));
    transaction.send(kRaiseVersionIfWritten, Params().add(tenant).add(item.id).add(version));
    const auto stored = transaction.send(kGet, Params().add(tenant).add(item.id));
    TECNOCHAT_CHECK(transaction.commit(&knowledge_commit));
    return only_item(stored.rows());
}

Result<StoredItem> PostgresKnowledgeStore::get(
    const TenantId& tenant, const KnowledgeItemId& id, Deadline deadline
) {
    TECNOCHAT_TRY(auto transaction, Transaction::begin(pool_, tenant, deadline));
    const auto found = transaction.send(kGet, Params().add(tenant).add(id));
    TECNOCHAT_CHECK(transaction.commit());
    return only_item(found.rows());
}

Result<KnowledgePage> PostgresKnowledgeStore::list(
    const TenantId& tenant, std::optional<KnowledgeItemId> after, int limit, Deadline deadline
) {
    TECNOCHAT_TRY(auto transaction, Transaction::begin(pool_, tenant, deadline));
    // One more than asked tells whether there is a next page.
    const auto found = transaction.send(kList, Params().add(tenant).add(after).add(limit + 1));
    TECNOCHAT_CHECK(transaction.commit());
    KnowledgePage page{known_items(found.rows(), limit), std::nullopt};
    if (found.rows().size() > limit) page.next = found.rows()[limit - 1].id<KnowledgeItemId>("id");
    return page;
}

Status PostgresKnowledgeStore::remove(
    const TenantId& tenant, const KnowledgeItemId& id, Deadline deadline
) {
    TECNOCHAT_TRY(auto transaction, Transaction::begin(pool_, tenant, deadline));
    lock_version(transaction, tenant);
    TECNOCHAT_TRY(const Rows removed, transaction.execute(kDelete, Params().add(tenant).add(id)));
    if (removed.affected() == 0) return ok();
    transaction.send(kRaiseVersion, Params().add(tenant));
    return transaction.commit(&knowledge_commit);
}

Result<std::int64_t> PostgresKnowledgeStore::version(const TenantId& tenant, Deadline deadline) {
    TECNOCHAT_TRY(auto transaction, Transaction::begin(pool_, tenant, deadline));
    const auto version = transaction.send(kVersion, Params().add(tenant));
    TECNOCHAT_CHECK(transaction.commit());
    return version_in(version.rows());
}

Result<KnowledgeSnapshot> PostgresKnowledgeStore::load(const TenantId& tenant, Deadline deadline) {
    TECNOCHAT_TRY(auto transaction, Transaction::begin(pool_, tenant, deadline));
    // The version first: a change between the two reads then only makes the next check build again.
    const auto version = transaction.send(kVersion, Params().add(tenant));
    const auto all = transaction.send(
        kList, Params().add(tenant).add(std::optional<KnowledgeItemId>()).add(kItemsMax)
    );
    TECNOCHAT_CHECK(transaction.commit());
    KnowledgeSnapshot snapshot{version_in(version.rows()), {}};
    for (auto& stored : known_items(all.rows(), kItemsMax)) {
        snapshot.items.push_back(std::move(stored.item));
    }
    return snapshot;
}

}  // namespace tecnochat::ai_reply
