#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "directory.hpp"
#include "store/views.hpp"
#include "tecnochat/core/clock.hpp"

namespace tecnochat::message_router {

/// One page of a list; the next one begins behind its last item.
template <class Item>
struct Page {
    std::vector<Item> items;
    bool has_next = false;
};

/// What people see of a tenant's conversations. Thread-safe.
class ReadConversations {
 public:
    ReadConversations(postgres::Pool& pool, Directory& directory, crypto::ContentSealer& sealer)
        : pool_(pool), directory_(directory), views_(sealer) {}

    /// Newest activity first. kNotFound while the filter's number is not in the tenant's directory.
    Result<Page<store::ConversationView>> list(
        const TenantId& tenant,
        const store::ConversationFilter& filter,
        const std::optional<store::ConversationCursor>& after,
        int limit,
        Deadline deadline
    );
    /// kNotFound if the tenant has none with that id.
    Result<store::ConversationView> get(
        const TenantId& tenant, const ConversationId& id, Deadline deadline
    );
    /// Oldest first, those with a sequence above `after`; kNotFound as get().
    Result<Page<store::MessageView>> messages(
        const TenantId& tenant,
        const ConversationId& id,
        std::int64_t after,
        int limit,
        Deadline deadline
    );

 private:
    postgres::Pool& pool_;
    Directory& directory_;
    store::Views views_;
};

}  // namespace tecnochat::message_router
