#pragma once

#include <optional>
#include <span>
#include <vector>

#include "domain/delivery.hpp"
#include "store/messages.hpp"
#include "tecnochat/channels/directory.hpp"
#include "tecnochat/pipeline/effects.hpp"
#include "tecnochat/pipeline/source.hpp"

namespace tecnochat::message_router {

/// Topics whatsapp.sent and whatsapp.status: moves outbound messages along queued … read. Reports
/// only ever move a message forward (domain::advance), so they may come late, twice and in any
/// order, and no inbox is needed. A pipeline::UseCase; thread-safe.
class ApplyDeliveries {
 public:
    using Item = pipeline::Incoming<domain::DeliveryReport>;

    /// `directory` outlives it.
    explicit ApplyDeliveries(channels::Directory& directory) : directory_(directory) {}

    /// The tenants by the numbers. A number that nobody knows is refused at once: we know every
    /// number that we ever had something sent from.
    Result<std::vector<pipeline::Verdict>> resolve(
        std::span<const domain::DeliveryReport> reports, Deadline deadline
    );
    Result<pipeline::Effects> run(postgres::Transaction& transaction, std::span<const Item> items);

 private:
    channels::Directory& directory_;
};

}  // namespace tecnochat::message_router
