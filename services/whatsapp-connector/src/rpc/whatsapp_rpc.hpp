#pragma once

#include "store/channel_store.hpp"
#include "tecnochat/core/clock.hpp"
#include "tecnochat/outbox/outbox.hpp"
#include "tecnochat/postgres/pool.hpp"
#include "tecnochat/whatsapp/v1/whatsapp_service.grpc.pb.h"

namespace tecnochat::whatsapp_connector {

/// tecnochat.whatsapp.v1.WhatsAppService: wire <-> store; see the proto for what each call
/// promises.
class WhatsAppRpc final : public whatsapp::v1::WhatsAppService::Service {
 public:
    WhatsAppRpc(
        postgres::Pool& pool, ChannelStore& channels, outbox::Outbox& outbox, const Clock& clock
    );

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
    Result<Channel> connect(const whatsapp::v1::RegisterChannelRequest& request, Deadline deadline);

    postgres::Pool& pool_;
    ChannelStore& channels_;
    outbox::Outbox& outbox_;
    const Clock& clock_;
};

}  // namespace tecnochat::whatsapp_connector
