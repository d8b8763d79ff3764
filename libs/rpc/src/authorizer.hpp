#pragma once

#include <grpcpp/security/auth_metadata_processor.h>

#include "allow_list.hpp"
#include "tecnochat/telemetry/metrics.hpp"

namespace tecnochat::rpc {

/// Decides about every call before gRPC looks for its handler. Not an interceptor: those run only
/// for registered methods, and can cancel a call but not refuse it with a status.
class Authorizer final : public grpc::AuthMetadataProcessor {
 public:
    Authorizer(AllowList allow_list, telemetry::Metrics& metrics);

    /// Runs on gRPC's own thread: it only looks into memory.
    bool IsBlocking() const override { return false; }
    grpc::Status Process(
        const InputMetadata& metadata,
        grpc::AuthContext* context,
        OutputMetadata* consumed,
        OutputMetadata* response
    ) override;

 private:
    AllowList allow_list_;
    telemetry::Counter refused_;
};

}  // namespace tecnochat::rpc
