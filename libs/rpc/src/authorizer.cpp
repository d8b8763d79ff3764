#include "authorizer.hpp"

#include <grpc/grpc_security_constants.h>
#include <grpcpp/security/auth_context.h>
#include <grpcpp/support/status.h>

#include <algorithm>

#include "tecnochat/telemetry/log.hpp"

namespace tecnochat::rpc {
namespace {

constexpr std::string_view kHealthPrefix = "/grpc.health.v1.Health/";

std::string_view view(const grpc::string_ref& text) {
    return {text.data(), text.size()};
}

}  // namespace

Authorizer::Authorizer(AllowList allow_list, telemetry::Metrics& metrics)
    : allow_list_(std::move(allow_list)),
      refused_(metrics.counter(
          "tecnochat_rpc_server_refused_total", "Calls refused by the caller -> method list."
      )) {}

grpc::Status Authorizer::Process(
    const InputMetadata& metadata,
    grpc::AuthContext* context,
    OutputMetadata* /*consumed*/,
    OutputMetadata* /*response*/
) {
    const auto path = metadata.find(":path");
    const std::string_view method =
        path == metadata.end() ? std::string_view{} : view(path->second);
    if (method.starts_with(kHealthPrefix)) return grpc::Status::OK;  // TLS proved our CA
    // Only the certificate's DNS names: gRPC's own peer identity falls back to the CN, which
    // belongs to Kafka's principals.
    const auto names = context->FindPropertyValues(GRPC_PEER_DNS_PROPERTY_NAME);
    const bool allowed = std::any_of(names.begin(), names.end(), [&](const grpc::string_ref& name) {
        return allow_list_.allows(view(name), method);
    });
    if (allowed) return grpc::Status::OK;
    refused_.increment();
    telemetry::log_limited(
        telemetry::Level::kWarning,
        "rpc call refused",
        {{"caller", names.empty() ? std::string_view("(no DNS name)") : view(names.front())},
         {"method", method}}
    );
    return {grpc::StatusCode::PERMISSION_DENIED, "this caller may not call this method"};
}

}  // namespace tecnochat::rpc
