#include "use_cases/read_conversations.hpp"

#include "tecnochat/core/assert.hpp"

namespace tecnochat::message_router {
namespace {

// One more than the page was read: whether there is a next one.
template <class View>
bool cut(std::vector<View>& items, int limit) {
    if (items.size() <= static_cast<std::size_t>(limit)) return false;
    items.resize(static_cast<std::size_t>(limit));
    return true;
}

Error no_conversation() {
    return make_error(ErrorCode::kNotFound, "no such conversation");
}

}  // namespace

Result<Page<store::ConversationView>> ReadConversations::list(
    const TenantId& tenant, store::ConversationPage page, Deadline deadline
) {
    TECNOCHAT_ASSERT(page.limit > 0, "a page holds something");
    if (page.filter.phone_number_id) {
        const std::string numbers[] = {*page.filter.phone_number_id};
        TECNOCHAT_TRY(const auto known, sources_.directory.find(numbers, deadline));
        if (known.empty()) return make_error(ErrorCode::kNotFound, "no such number");
        const auto& number = known.begin()->second;
        if (number && number->tenant != tenant)
            return make_error(ErrorCode::kNotFound, "no such number");
    }
    TECNOCHAT_TRY(auto transaction, postgres::Transaction::begin(sources_.pool, tenant, deadline));
    const int limit = page.limit++;
    const auto queued = store::views::send_conversations(transaction, tenant, page);
    TECNOCHAT_CHECK(transaction.commit());
    auto sealed = store::views::read_conversations(queued);
    Page<store::ConversationView> result;
    result.has_next = cut(sealed, limit);
    std::vector<sealing::Person> people;
    for (const auto& item : sealed) people.push_back({tenant, item.person});
    TECNOCHAT_TRY(const auto keys, sources_.sealer.fetch(people, deadline));
    for (auto& item : sealed) {
        TECNOCHAT_TRY(auto view, store::views::open(std::move(item), keys));
        result.items.push_back(std::move(view));
    }
    return result;
}

Result<store::ConversationView> ReadConversations::get(
    const TenantId& tenant, const ConversationId& id, Deadline deadline
) {
    TECNOCHAT_TRY(auto transaction, postgres::Transaction::begin(sources_.pool, tenant, deadline));
    const auto queued = store::views::send_conversation(transaction, tenant, id);
    TECNOCHAT_CHECK(transaction.commit());
    auto sealed = store::views::read_conversations(queued);
    if (sealed.empty()) return no_conversation();
    const sealing::Person people[] = {{tenant, sealed.front().person}};
    TECNOCHAT_TRY(const auto keys, sources_.sealer.fetch(people, deadline));
    return store::views::open(std::move(sealed.front()), keys);
}

Result<Page<store::MessageView>> ReadConversations::messages(
    const TenantId& tenant, store::MessagePage page, Deadline deadline
) {
    TECNOCHAT_ASSERT(page.limit > 0, "a page holds something");
    TECNOCHAT_TRY(auto transaction, postgres::Transaction::begin(sources_.pool, tenant, deadline));
    const int limit = page.limit++;
    const auto conversation =
        store::views::send_conversation(transaction, tenant, page.conversation);
    const auto queued = store::views::send_messages(transaction, tenant, page);
    TECNOCHAT_CHECK(transaction.commit());
    if (conversation.rows().empty()) return no_conversation();
    auto sealed = store::views::read_messages(queued);
    Page<store::MessageView> result;
    result.has_next = cut(sealed, limit);
    std::vector<sealing::Person> people;
    for (const auto& item : sealed) people.push_back({tenant, item.person});
    TECNOCHAT_TRY(const auto keys, sources_.sealer.fetch(people, deadline));
    for (auto& item : sealed) {
        TECNOCHAT_TRY(auto view, store::views::open(std::move(item), tenant, keys));
        result.items.push_back(std::move(view));
    }
    return result;
}

}  // namespace tecnochat::message_router
