#include "app.hpp"

#include "clients/file_token_source.hpp"
#include "clients/redis_limiter.hpp"
#include "consumers.hpp"
#include "rpc/whatsapp_rpc.hpp"
#include "tecnochat/http_client/resolver.hpp"
#include "tecnochat/redis/client.hpp"
#include "tecnochat/sealing/plain_sealer.hpp"

namespace tecnochat::whatsapp_connector {
namespace {

runtime::ServiceSteps steps{"whatsapp-connector", kShape};

/// Two consumers, dispatcher, recorder, maintenance, directory, two for the outbox, two for RPCs.
constexpr int kConnections = 10;

Config named(Config config) {
    config.sending.instance = steps.service + "-" + config.service.kafka.instance;
    return config;
}

class ConnectorApp final : public runtime::ServiceApp {
 public:
    ConnectorApp(const Config& config, telemetry::Metrics& metrics)
        : ServiceApp(
              steps,
              config.service,
              {.connections = kConnections, .tenants = [this] { return directory_.tenants(); }},
              metrics
          ),
          config_(named(config)) {
        before_start([this](Deadline) { return tokens_.check(); });
        before_start([this](Deadline deadline) { return directory_.refresh(deadline); });
        before_start([this](Deadline) { return sending_.recover_own(); });
        work(directory_);
        work(receipts_);
        work(sending_);
        serve(rpc_);
        const auto with = ServiceApp::runtime();
        consume(kOutbound, store_outbound(with, directory_, outbound_));
        consume(kStatuses, apply_statuses(with, directory_, opaque_, statuses_), kLargeBatches);
    }

 private:
    Config config_;
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
    Sending sending_{
        config_.sending,
        {pool(), directory_, sends_, outbox(), sealer_},
        {limiter_, graph_, opaque_},
        clock(),
        metrics()
    };
    WakeSends wake_ = [this](const auto& numbers) { sending_.wake(numbers); };
    StoreOutbound outbound_{directory_, sends_, sealer_, receipts_, wake_};
    ApplyStatuses statuses_{sends_, clock(), wake_};
    RegisterChannel register_channel_{pool(), store_, directory_, outbox(), clock()};
    GetChannel get_channel_{directory_};
    WhatsAppRpc rpc_{register_channel_, get_channel_, clock()};
};

}  // namespace

std::unique_ptr<runtime::App> make_app(const Config& config, telemetry::Metrics& metrics) {
    return std::make_unique<ConnectorApp>(config, metrics);
}

}  // namespace tecnochat::whatsapp_connector
