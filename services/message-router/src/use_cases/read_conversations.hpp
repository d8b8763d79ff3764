#pragma once

#include <vector>

#include "store/views.hpp"
#include "tecnochat/core/clock.hpp"
#include "use_cases/reach.hpp"

namespace tecnochat::message_router {

/// One page of a list; the next one begins behind its last item.
template <class Item>
struct Page {
    std::vector<Item> items;
    bool has_next = false;
};

/// What people see of a tenant's conversations. Persons whose key is erased, and words of a newer
/// version, fail no page; a vault that is away does (kUnavailable). Thread-safe; `sources` outlive
/// it.
class ReadConversations {
 public:
    explicit ReadConversations(Reach::Sources sources) : sources_(sources) {}

    /// Newest activity first. kNotFound while the filter's number is not in the tenant's directory.
    Result<Page<store::ConversationView>> list(
        const TenantId& tenant, store::ConversationPage page, Deadline deadline
    );
    /// kNotFound if the tenant has none with that id.
    Result<store::ConversationView> get(
        const TenantId& tenant, const ConversationId& id, Deadline deadline
    );
    /// Oldest first; kNotFound as get().
    Result<Page<store::MessageView>> messages(
        const TenantId& tenant, store::MessagePage page, Deadline deadline
    );

 private:
    Reach::Sources sources_;
};

}  // namespace tecnochat::message_router
