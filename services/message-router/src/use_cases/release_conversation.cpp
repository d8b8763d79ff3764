#include "use_cases/release_conversation.hpp"

#include "store/conversations.hpp"

namespace tecnochat::message_router {
namespace {

Failpoint before_commit{"message-router.release.commit.before"};
Failpoint after_commit{"message-router.release.commit.after"};

}  // namespace

Result<store::ConversationView> ReleaseConversation::operator()(
    const TenantId& tenant, const ConversationId& id, Deadline deadline
) {
    TECNOCHAT_TRY(auto transaction, postgres::Transaction::begin(pool_, tenant, deadline));
    const store::ConversationRef refs[] = {{tenant, id}};
    TECNOCHAT_TRY(auto locked, store::conversations::lock(transaction, refs));
    if (locked.empty()) return make_error(ErrorCode::kNotFound, "no such conversation");
    auto& state = locked.front().state;
    state.release();
    const domain::Conversation* const states[] = {&state};
    TECNOCHAT_CHECK(store::conversations::update(transaction, states));
    TECNOCHAT_TRY(auto view, views_.conversation(transaction, tenant, id));
    TECNOCHAT_CHECK(transaction.commit({&before_commit, &after_commit}));
    return view;
}

}  // namespace tecnochat::message_router
