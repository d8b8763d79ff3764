#include "use_cases/read_conversations.hpp"

#include "tecnochat/core/assert.hpp"

namespace tecnochat::message_router {
namespace {

// One more than the page was read: whether there is a next one.
template <class Item>
Page<Item> to_page(std::vector<Item> items, int limit) {
    Page<Item> page{std::move(items), false};
    if (page.items.size() > static_cast<std::size_t>(limit)) {
        page.items.resize(static_cast<std::size_t>(limit));
        page.has_next = true;
    }
    return page;
}

}  // namespace

Result<Page<store::ConversationView>> ReadConversations::list(
    const TenantId& tenant,
    const store::ConversationFilter& filter,
    const std::optional<store::ConversationCursor>& after,
    int limit,
    Deadline deadline
) {
    TECNOCHAT_ASSERT(limit > 0, "a page holds something");
    if (filter.phone_number_id) {
        const std::string numbers[] = {*filter.phone_number_id};
        TECNOCHAT_TRY(const auto known, directory_.lookup(numbers, deadline));
        if (known.empty() || known.begin()->second.tenant != tenant)
            return make_error(ErrorCode::kNotFound, "no such number");
    }
    TECNOCHAT_TRY(auto transaction, postgres::Transaction::begin(pool_, tenant, deadline));
    TECNOCHAT_TRY(auto views, views_.conversations(transaction, tenant, filter, after, limit + 1));
    TECNOCHAT_CHECK(transaction.commit());
    return to_page(std::move(views), limit);
}

Result<store::ConversationView> ReadConversations::get(
    const TenantId& tenant, const ConversationId& id, Deadline deadline
) {
    TECNOCHAT_TRY(auto transaction, postgres::Transaction::begin(pool_, tenant, deadline));
    TECNOCHAT_TRY(auto view, views_.conversation(transaction, tenant, id));
    TECNOCHAT_CHECK(transaction.commit());
    return view;
}

Result<Page<store::MessageView>> ReadConversations::messages(
    const TenantId& tenant,
    const ConversationId& id,
    std::int64_t after,
    int limit,
    Deadline deadline
) {
    TECNOCHAT_ASSERT(limit > 0, "a page holds something");
    TECNOCHAT_TRY(auto transaction, postgres::Transaction::begin(pool_, tenant, deadline));
    TECNOCHAT_TRY(const auto conversation, views_.conversation(transaction, tenant, id));
    TECNOCHAT_TRY(auto views, views_.messages(transaction, tenant, conversation, after, limit + 1));
    TECNOCHAT_CHECK(transaction.commit());
    return to_page(std::move(views), limit);
}

}  // namespace tecnochat::message_router
