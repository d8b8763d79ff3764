#pragma once

#include "use_cases/receive_inbound.hpp"
#include "use_cases/settle_waiting.hpp"

namespace tecnochat::message_router {

/// The two use cases of inbound messages, each of which needs the other: what waited is stored as
/// what has just come, and settled before it.
struct Inbound {
    Inbound(const SettleWaiting::Outside& outside, RouterMetrics& metrics, Milliseconds stale_after)
        : receive(
              {outside.pool,
               outside.directory,
               outside.sealer,
               outside.outbox,
               metrics,
               outside.clock},
              stale_after
          ),
          settle_waiting(outside, receive) {
        receive.settle_with(settle_waiting);
    }
    Inbound(const Inbound&) = delete;
    Inbound& operator=(const Inbound&) = delete;

    ReceiveInbound receive;
    SettleWaiting settle_waiting;
};

}  // namespace tecnochat::message_router
