#include "app.hpp"

#include <utility>

#include "directory.hpp"
#include "effects.hpp"
#include "events/consumers.hpp"
#include "rpc/conversations_rpc.hpp"
#include "tecnochat/core/failpoint.hpp"
#include "tecnochat/kafka/topics.hpp"
#include "tecnochat/rpc/server.hpp"
#include "use_cases/accept_replies.hpp"
#include "use_cases/apply_deliveries.hpp"
#include "use_cases/end_overdue_turns.hpp"
#include "use_cases/housekeeping.hpp"
#include "use_cases/read_conversations.hpp"
#include "use_cases/receive_inbound.hpp"
#include "use_cases/release_conversation.hpp"
#include "use_cases/update_channels.hpp"

namespace tecnochat::message_router {
namespace {

StepFailpoints produce_failpoints{"message-router.outbox.produce"};
StepFailpoints delete_failpoints{"message-router.outbox.delete"};
StepFailpoints dead_letter{"message-router.dead-letter.produce"};

constexpr const char* kService = "message-router";
/// One per consumer, the outbox's sweeper, housekeeping, the readiness probe; the rest for RPCs.
constexpr int kConnections = 12;

Config with_tls(Config config) {
    config.kafka.tls = config.tls;
    return config;
}

outbox::Outbox::Config outbox_config() {
    outbox::Outbox::Config config;
    config.produce = &produce_failpoints;
    config.erase = &delete_failpoints;
    return config;
}

/// Declaration order is the wiring, reverse destruction the shutdown.
class MessageRouterApp final : public runtime::App {
 public:
    MessageRouterApp(Config config, telemetry::Metrics& metrics)
        : config_(with_tls(std::move(config))),
          pool_({config_.postgres_url, kConnections}),
          router_metrics_(metrics),
          opaque_(config_.ingest_key.reveal()),
          producer_(producer_config(), metrics),
          dead_letters_(
              producer_,
              std::string(kafka::topics::kDeadLettersMessageRouter),
              metrics,
              &dead_letter
          ),
          outbox_(
              pool_, producer_, [this] { return directory_.tenants(); }, outbox_config(), metrics
          ),
          receive_inbound_(
              pool_,
              directory_,
              sealer_,
              outbox_,
              dead_letters_,
              router_metrics_,
              clock_,
              config_.stale_after
          ),
          end_overdue_turns_(
              pool_, directory_, sealer_, outbox_, router_metrics_, clock_, config_.turn_timeout
          ),
          consumers_(
              {receive_inbound_, accept_replies_, sent_, status_, update_channels_},
              config_.kafka,
              router_metrics_,
              metrics
          ),
          server_(
              {kService, config_.rpc_listen, config_.tls, config_.rpc_allow_list},
              {&conversations_rpc_},
              metrics
          ) {}

    Status start() override {
        TECNOCHAT_CHECK(directory_.refresh(Deadline::after(std::chrono::seconds(10))));
        outbox_.start();
        housekeeping_.start();
        TECNOCHAT_CHECK(server_.start());
        consumers_.start();
        return ok();
    }

    [[nodiscard]] bool ready() const override {
        return consumers_.ready() && producer_.connected() && pool_.reachable();
    }

    void stop(Deadline deadline) override {
        consumers_.stop();
        server_.stop(deadline);
        housekeeping_.stop();
        outbox_.stop(deadline);
    }

 private:
    [[nodiscard]] kafka::ProducerConfig producer_config() const {
        kafka::ProducerConfig producer;
        producer.kafka = config_.kafka;
        producer.client_id = kService;
        return producer;
    }

    Config config_;
    SystemClock clock_;
    mutable postgres::Pool pool_;  // a probe of ready() takes a connection
    RouterMetrics router_metrics_;
    crypto::PlainContentSealer sealer_;
    whatsapp::OpaqueCodec opaque_;
    Directory directory_{pool_};
    kafka::Producer producer_;
    kafka::DeadLetters dead_letters_;
    outbox::Outbox outbox_;
    ReceiveInbound receive_inbound_;
    EndOverdueTurns end_overdue_turns_;
    AcceptReplies accept_replies_{pool_, sealer_, outbox_, dead_letters_, router_metrics_, clock_};
    ApplyDeliveries sent_ =
        ApplyDeliveries::for_sent(pool_, directory_, sealer_, dead_letters_, router_metrics_);
    ApplyDeliveries status_ = ApplyDeliveries::for_status(
        opaque_, pool_, directory_, sealer_, dead_letters_, router_metrics_
    );
    UpdateChannels update_channels_{pool_, directory_, dead_letters_};
    ReadConversations read_conversations_{pool_, directory_, sealer_};
    ReleaseConversation release_conversation_{pool_, sealer_};
    ConversationsRpc conversations_rpc_{read_conversations_, release_conversation_};
    Housekeeping housekeeping_{pool_, directory_, end_overdue_turns_};
    Consumers consumers_;
    rpc::Server server_;
};

}  // namespace

std::unique_ptr<runtime::App> make_app(Config config, telemetry::Metrics& metrics) {
    return std::make_unique<MessageRouterApp>(std::move(config), metrics);
}

}  // namespace tecnochat::message_router
