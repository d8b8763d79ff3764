#include "use_cases/release_conversation.hpp"

#include <utility>

#include "store/conversations.hpp"

namespace tecnochat::message_router {
namespace {

StepFailpoints commit_failpoints{"message-router.release.commit"};

}  // namespace

Result<store::ConversationView> ReleaseConversation::run(
    const TenantId& tenant, const ConversationId& id, Deadline deadline
) {
    TECNOCHAT_TRY(auto transaction, postgres::Transaction::begin(pool_, tenant, deadline));
    const store::ConversationRef refs[] = {{tenant, id}};
    TECNOCHAT_TRY(auto locked, store::conversations::lock(transaction, refs));
    if (locked.empty()) return make_error(ErrorCode::kNotFound, "no such conversation");
    auto& state = locked.front().state;
    state.release();
    const domain::Conversation* const states[] = {&state};
    store::conversations::update(transaction, states);
    const auto queued = store::views::send_conversation(transaction, tenant, id);
    TECNOCHAT_CHECK(transaction.commit(&commit_failpoints));
    auto sealed = store::views::read_conversations(queued);
    const sealing::Person people[] = {{tenant, sealed.front().person}};
    TECNOCHAT_TRY(const auto keys, sealer_.fetch(people, deadline));
    return store::views::open(std::move(sealed.front()), keys);
}

}  // namespace tecnochat::message_router
