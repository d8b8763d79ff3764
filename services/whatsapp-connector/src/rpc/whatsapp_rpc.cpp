#include "rpc/whatsapp_rpc.hpp"

#include "tecnochat/rpc/handler.hpp"
#include "wire.hpp"

namespace tecnochat::whatsapp_connector {
namespace {

/// A call may take this long even where its caller would wait longer.
constexpr Milliseconds kCallLimit{5000};

}  // namespace

grpc::Status WhatsAppRpc::RegisterChannel(
    grpc::ServerContext* context,
    const whatsapp::v1::RegisterChannelRequest* request,
    whatsapp::v1::RegisterChannelResponse* response
) {
    return rpc::serve(*context, kCallLimit, [&](Deadline deadline) -> Status {
        channels::Channel wanted;
        TECNOCHAT_TRY(wanted.tenant, rpc::parse_id<TenantId>(request->tenant_id(), "TENANT_ID"));
        wanted.phone_number_id = request->phone_number_id();
        wanted.waba_id = request->waba_id();
        wanted.display_phone_number = request->display_phone_number();
        TECNOCHAT_TRY(const auto channel, register_channel_.run(wanted, deadline));
        *response->mutable_channel() = to_wire(channel, clock_.now());
        return ok();
    });
}

grpc::Status WhatsAppRpc::GetChannel(
    grpc::ServerContext* context,
    const whatsapp::v1::GetChannelRequest* request,
    whatsapp::v1::GetChannelResponse* response
) {
    return rpc::serve(*context, kCallLimit, [&](Deadline deadline) -> Status {
        TECNOCHAT_TRY(const auto channel, get_channel_.run(request->phone_number_id(), deadline));
        *response->mutable_channel() = to_wire(channel, clock_.now());
        return ok();
    });
}

}  // namespace tecnochat::whatsapp_connector
