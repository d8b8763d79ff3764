#include "app.hpp"

#include "clients/file_token_source.hpp"
#include "clients/redis_limiter.hpp"
#include "consumers.hpp"
#include "rpc/whatsapp_rpc.hpp"
#include "tecnochat/http_client/resolver.hpp"
#include "tecnochat/redis/client.hpp"
#include "tecnochat/sealing/plain_sealer.hpp"
#include "use_cases/maintenance.hpp"
#include "use_cases/sending.hpp"

namespace tecnochat::whatsapp_connector {
namespace {

runtime::ServiceSteps steps{"whatsapp-connector", kShape};

/// Two consumers, dispatcher, recorder, maintenance, directory, two for the outbox, two for RPCs.
constexpr int kConnections = 10;

/// What maintenance settles lets conversations go on.
struct Upkeep {
    Maintenance& maintenance;
    Dispatcher& dispatcher;
    void start() {
        maintenance.start([this] { dispatcher.wake(); });
    }
    void stop(Deadline /*deadline*/) { maintenance.stop(); }
};

class ConnectorApp final : public runtime::ServiceApp {
 public:
    ConnectorApp(const Config& config, telemetry::Metrics& metrics)
        : ServiceApp(
              steps,
              config.service,
              {.connections = kConnections, .tenants = [this] { return directory_.tenants(); }},
              metrics
          ),
          config_(config) {
        before_start([this](Deadline) -> Status {
            TECNOCHAT_CHECK(tokens_.token(""));
            return ok();
        });
        before_start([this](Deadline deadline) { return directory_.refresh(deadline); });
        // Before anything is claimed: what an earlier process had on the wire must not be taken
        // for ours.
        before_start([this](Deadline) { return maintenance_.recover_own(); });
        work(directory_);
        work(receipts_);
        work(sending_);
        work(upkeep_);
        serve(rpc_);
        consume(kOutbound, store_outbound(ServiceApp::runtime(), directory_, outbound_));
        consume(
            kStatuses,
            apply_statuses(ServiceApp::runtime(), directory_, opaque_, statuses_),
            {.gather = kStatusesGather}
        );
    }

 private:
    Config config_;
    std::string instance_ = steps.service + "-" + config_.service.kafka.instance;
    sealing::PlainSealer sealer_{clock()};
    whatsapp::OpaqueCodec opaque_{config_.ingest_key.reveal()};
    redis::Client redis_{config_.redis_url};
    channels::Directory directory_{pool(), metrics()};
    ChannelStore store_;
    SendStore sends_;
    FileTokenSource tokens_{config_.graph_token_file};
    http_client::CachingResolver resolver_;
    GraphClient graph_{config_.graph, tokens_, resolver_, metrics()};
    RedisLimiter limiter_{redis_, clock(), metrics()};
    ReadReceipts receipts_{graph_, clock(), metrics()};
    Recorder recorder_{pool(), sends_, outbox(), clock(), metrics()};
    Dispatcher dispatcher_{
        {instance_, static_cast<int>(config_.send_workers)},
        {pool(), directory_, sends_, outbox(), sealer_},
        {limiter_, graph_, opaque_, recorder_},
        clock(),
        metrics()
    };
    Sending sending_{dispatcher_, recorder_};
    Maintenance maintenance_{
        {.instance = instance_,
         .patience = config_.in_doubt,
         .silence = config_.accepted,
         .kept = config_.sends_kept},
        {pool(), directory_, sends_, outbox()},
        clock(),
        metrics()
    };
    Upkeep upkeep_{maintenance_, dispatcher_};
    StoreOutbound outbound_{directory_, sends_, sealer_, receipts_, [this] { dispatcher_.wake(); }};
    ApplyStatuses statuses_{sends_, clock(), [this] { dispatcher_.wake(); }};
    RegisterChannel register_channel_{pool(), store_, directory_, outbox(), clock()};
    GetChannel get_channel_{directory_};
    WhatsAppRpc rpc_{register_channel_, get_channel_, clock()};
};

}  // namespace

std::unique_ptr<runtime::App> make_app(const Config& config, telemetry::Metrics& metrics) {
    return std::make_unique<ConnectorApp>(config, metrics);
}

}  // namespace tecnochat::whatsapp_connector
