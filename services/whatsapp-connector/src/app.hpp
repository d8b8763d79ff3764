#pragma once

#include "clients/file_token_source.hpp"
#include "clients/graph_client.hpp"
#include "clients/redis_limiter.hpp"
#include "config.hpp"
#include "events/outbound_handler.hpp"
#include "events/status_handler.hpp"
#include "rpc/whatsapp_rpc.hpp"
#include "store/channel_store.hpp"
#include "store/send_store.hpp"
#include "tecnochat/crypto/content_sealer.hpp"
#include "tecnochat/kafka/consumer.hpp"
#include "tecnochat/kafka/dead_letters.hpp"
#include "tecnochat/kafka/producer.hpp"
#include "tecnochat/outbox/outbox.hpp"
#include "tecnochat/redis/client.hpp"
#include "tecnochat/rpc/server.hpp"
#include "tecnochat/runtime/service.hpp"
#include "use_cases/dispatcher.hpp"
#include "use_cases/maintenance.hpp"
#include "use_cases/read_receipts.hpp"
#include "use_cases/recorder.hpp"

namespace tecnochat::whatsapp_connector {

/// The composition root: members in dependency order, so that destruction is the reverse.
class App final : public runtime::App {
 public:
    App(const Config& config, telemetry::Metrics& metrics);

    Status start() override;
    [[nodiscard]] bool ready() const override;
    void stop(Deadline deadline) override;

 private:
    SystemClock clock_;
    crypto::PlainContentSealer sealer_;
    whatsapp::OpaqueCodec opaque_;
    postgres::Pool pool_;
    redis::Client redis_;
    kafka::Producer producer_;
    kafka::DeadLetters dead_letters_;
    ChannelStore channels_;
    SendStore sends_;
    outbox::Outbox outbox_;
    FileTokenSource tokens_;
    GraphClient graph_;
    RedisLimiter limiter_;
    ReadReceipts receipts_;
    Recorder recorder_;
    Dispatcher dispatcher_;
    Maintenance maintenance_;
    OutboundHandler outbound_;
    StatusHandler statuses_;
    WhatsAppRpc rpc_;
    rpc::Server server_;
    kafka::Consumer outbound_consumer_;
    kafka::Consumer status_consumer_;
};

}  // namespace tecnochat::whatsapp_connector
