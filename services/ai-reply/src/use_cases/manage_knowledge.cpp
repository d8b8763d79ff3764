#include "use_cases/manage_knowledge.hpp"

#include <algorithm>
#include <string_view>

#include "tecnochat/core/assert.hpp"

namespace tecnochat::ai_reply {
namespace {

constexpr std::ptrdiff_t kTitleCharactersMax = 200;
constexpr std::ptrdiff_t kTextCharactersMax = 8000;

/// Characters of valid UTF-8: every byte but continuation bytes begins one.
std::ptrdiff_t characters(std::string_view text) {
    return std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
    });
}

bool is_blank(std::string_view text) {
    return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

Status check(const KnowledgeItem& item) {
    const auto invalid = [](const char* message, const char* reason) {
        return make_error(ErrorCode::kInvalidArgument, message, reason);
    };
    if (item.id.uuid().is_nil()) return invalid("the item needs an id", "ITEM_ID_MISSING");
    if (is_blank(item.title) || is_blank(item.text)) {
        return invalid("title and text must not be empty", "ITEM_EMPTY");
    }
    if (characters(item.title) > kTitleCharactersMax) {
        return invalid("the title may have 200 characters", "ITEM_TITLE_TOO_LONG");
    }
    if (characters(item.text) > kTextCharactersMax) {
        return invalid("the text may have 8000 characters", "ITEM_TEXT_TOO_LONG");
    }
    return ok();
}

}  // namespace

Result<StoredItem> ManageKnowledge::put(
    const TenantId& tenant, const KnowledgeItem& item, Deadline deadline
) {
    TECNOCHAT_CHECK(check(item));
    Result<StoredItem> stored = store_.put(tenant, item, deadline);
    // Also after a failure: a commit whose answer was lost may have happened.
    indexes_.invalidate(tenant);
    return stored;
}

Result<StoredItem> ManageKnowledge::get(
    const TenantId& tenant, const KnowledgeItemId& id, Deadline deadline
) {
    return store_.get(tenant, id, deadline);
}

Result<KnowledgePage> ManageKnowledge::list(
    const TenantId& tenant, std::optional<KnowledgeItemId> after, int limit, Deadline deadline
) {
    TECNOCHAT_ASSERT(limit > 0, "a page holds something");
    return store_.list(tenant, after, limit, deadline);
}

Status ManageKnowledge::remove(
    const TenantId& tenant, const KnowledgeItemId& id, Deadline deadline
) {
    Status removed = store_.remove(tenant, id, deadline);
    indexes_.invalidate(tenant);
    return removed;
}

}  // namespace tecnochat::ai_reply
