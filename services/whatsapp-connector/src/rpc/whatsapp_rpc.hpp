#pragma once

#include "tecnochat/core/clock.hpp"
#include "tecnochat/whatsapp/v1/whatsapp_service.grpc.pb.h"
#include "use_cases/register_channel.hpp"

namespace tecnochat::whatsapp_connector {

/// tecnochat.whatsapp.v1.WhatsAppService: wire <-> use cases; see the proto for what each call
/// promises.
class WhatsAppRpc final : public whatsapp::v1::WhatsAppService::Service {
 public:
    WhatsAppRpc(
        whatsapp_connector::RegisterChannel& register_channel,
        whatsapp_connector::GetChannel& get_channel,
        const Clock& clock
    )
        : register_channel_(register_channel), get_channel_(get_channel), clock_(clock) {}

    grpc::Status RegisterChannel(
        grpc::ServerContext* context,
        const whatsapp::v1::RegisterChannelRequest* request,
        whatsapp::v1::RegisterChannelResponse* response
    ) override;
    grpc::Status GetChannel(
        grpc::ServerContext* context,
        const whatsapp::v1::GetChannelRequest* request,
        whatsapp::v1::GetChannelResponse* response
    ) override;

 private:
    whatsapp_connector::RegisterChannel& register_channel_;
    whatsapp_connector::GetChannel& get_channel_;
    const Clock& clock_;
};

}  // namespace tecnochat::whatsapp_connector
