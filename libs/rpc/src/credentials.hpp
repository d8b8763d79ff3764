#pragma once

#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>

#include <memory>

#include "tecnochat/config/settings.hpp"
#include "tecnochat/core/result.hpp"

namespace tecnochat::rpc {

/// Both ends of mutual TLS from one identity's files; kInvalidArgument names the file that cannot
/// be read.
Result<std::shared_ptr<grpc::ServerCredentials>> server_credentials(const config::TlsFiles& files);
Result<std::shared_ptr<grpc::ChannelCredentials>> channel_credentials(const config::TlsFiles& files
);

/// gRPC prints its own complaints (failed handshakes, say) as bare lines; this makes them warnings
/// of our log. Done once per process.
void route_grpc_log();

}  // namespace tecnochat::rpc
