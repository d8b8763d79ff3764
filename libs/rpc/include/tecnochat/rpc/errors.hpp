#pragma once

#include <grpcpp/support/status.h>

#include "tecnochat/core/result.hpp"

namespace tecnochat::rpc {

/// The one table of error codes at the edges: what an Error is to gRPC, and to HTTP. `reason`
/// travels as a trailer-safe prefix "REASON: message".
grpc::Status to_grpc(const Error& error);
/// The way back; `status` must not be OK. UNKNOWN and codes of the future become kInternal: the
/// peer failed in a way it has no name for.
Error from_grpc(const grpc::Status& status);
/// The status of an HTTP answer, e.g. 404. 499 (the caller has gone) is nobody's to read.
int http_status(ErrorCode code);

}  // namespace tecnochat::rpc
