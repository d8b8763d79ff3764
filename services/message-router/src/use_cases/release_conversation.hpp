#pragma once

#include "store/views.hpp"
#include "tecnochat/core/clock.hpp"
#include "tecnochat/sealing/sealer.hpp"

namespace tecnochat::message_router {

/// A person is done with a conversation: the AI answers again, nothing is unread, and what parked
/// it has been looked at. Raises the turn epoch if a person had it; a second release changes
/// nothing. Thread-safe.
class ReleaseConversation {
 public:
    ReleaseConversation(postgres::Pool& pool, sealing::Sealer& sealer)
        : pool_(pool), sealer_(sealer) {}

    /// The conversation after it; kNotFound if the tenant has none with that id. kUnavailable may
    /// have released it: repeat.
    Result<store::ConversationView> run(
        const TenantId& tenant, const ConversationId& id, Deadline deadline
    );

 private:
    postgres::Pool& pool_;
    sealing::Sealer& sealer_;
};

}  // namespace tecnochat::message_router
