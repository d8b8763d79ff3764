#pragma once

#include "tecnochat/pipeline/transactional.hpp"
#include "tecnochat/runtime/service_app.hpp"
#include "tecnochat/whatsapp/opaque.hpp"
#include "use_cases/apply_statuses.hpp"
#include "use_cases/store_outbound.hpp"

namespace tecnochat::whatsapp_connector {

extern const pipeline::TransactionalTopic kOutbound;
extern const pipeline::TransactionalTopic kStatuses;

/// No send waits for a status, and they are two thirds of all webhooks: few large transactions.
inline constexpr runtime::TopicOptions kLargeBatches{.gather = Milliseconds(50)};

// Everything passed by reference must outlive the handlers.

kafka::Consumer::Handler store_outbound(
    const pipeline::Runtime& runtime, channels::Directory& directory, StoreOutbound& use_case
);
kafka::Consumer::Handler apply_statuses(
    const pipeline::Runtime& runtime,
    channels::Directory& directory,
    const whatsapp::OpaqueCodec& opaque,
    ApplyStatuses& use_case
);

}  // namespace tecnochat::whatsapp_connector
