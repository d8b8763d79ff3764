#pragma once

#include <grpcpp/client_context.h>

#include <memory>
#include <string>

#include "tecnochat/config/settings.hpp"
#include "tecnochat/core/clock.hpp"

namespace grpc {
class Channel;
}

namespace tecnochat::rpc {

/// A channel that proves our identity and insists that the peer's certificate names `service`.
std::shared_ptr<grpc::Channel> connect(
    const std::string& endpoint, const std::string& service, const config::TlsFiles& tls
);

/// Sets deadline and traceparent of a call, and has it wait for its connection: while the peer is
/// away it takes until its deadline, and ends as DEADLINE_EXCEEDED.
void prepare(grpc::ClientContext& context, Deadline deadline);

}  // namespace tecnochat::rpc
