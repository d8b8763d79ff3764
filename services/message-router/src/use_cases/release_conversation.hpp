#pragma once

#include "store/views.hpp"
#include "tecnochat/core/clock.hpp"

namespace tecnochat::message_router {

/// A person is done with a conversation: the AI answers again, nothing is unread, and what parked
/// it has been looked at. Raises the turn epoch if a person had it; a second release changes
/// nothing. Thread-safe.
class ReleaseConversation {
 public:
    ReleaseConversation(postgres::Pool& pool, crypto::ContentSealer& sealer)
        : pool_(pool), views_(sealer) {}

    /// The conversation after it; kNotFound if the tenant has none with that id.
    Result<store::ConversationView> operator()(
        const TenantId& tenant, const ConversationId& id, Deadline deadline
    );

 private:
    postgres::Pool& pool_;
    store::Views views_;
};

}  // namespace tecnochat::message_router
