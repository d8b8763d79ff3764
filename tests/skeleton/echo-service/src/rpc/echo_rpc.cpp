#include "rpc/echo_rpc.hpp"

#include "tecnochat/rpc/handler.hpp"

namespace tecnochat::echo_service {
namespace {

constexpr Milliseconds kCallLimit{5000};

}  // namespace

grpc::Status EchoRpc::GetEcho(
    grpc::ServerContext* context,
    const echo::v1::GetEchoRequest* request,
    echo::v1::GetEchoResponse* response
) {
    return rpc::serve(*context, kCallLimit, [&](Deadline deadline) -> Status {
        TECNOCHAT_TRY(
            const auto tenant, rpc::parse_id<TenantId>(request->tenant_id(), "TENANT_ID")
        );
        TECNOCHAT_TRY(const auto id, rpc::parse_id<EchoId>(request->echo_id(), "ECHO_ID"));
        TECNOCHAT_TRY(const Echo echo, read_echoes_.run(tenant, id, deadline));
        response->mutable_echo()->set_tenant_id(echo.tenant.to_string());
        response->mutable_echo()->set_echo_id(echo.id.to_string());
        response->mutable_echo()->set_text(echo.text);
        return ok();
    });
}

}  // namespace tecnochat::echo_service
