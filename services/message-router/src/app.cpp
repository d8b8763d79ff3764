#include "app.hpp"

#include "consumers.hpp"
#include "rpc/conversations_rpc.hpp"
#include "tecnochat/sealing/plain_sealer.hpp"
#include "use_cases/end_overdue_turns.hpp"
#include "use_cases/housekeeping.hpp"
#include "use_cases/inbound.hpp"
#include "use_cases/read_conversations.hpp"
#include "use_cases/release_conversation.hpp"

namespace tecnochat::message_router {
namespace {

runtime::ServiceSteps steps{"message-router"};

/// Five consumers, the outbox's two, housekeeping, the directory, the readiness probe; the rest for
/// RPCs.
constexpr int kConnections = 14;

class MessageRouterApp final : public runtime::ServiceApp {
 public:
    MessageRouterApp(const Config& config, telemetry::Metrics& metrics)
        : ServiceApp(
              steps,
              config.service,
              {.connections = kConnections, .tenants = [this] { return tenants(); }},
              metrics
          ),
          config_(config) {
        before_start([this](Deadline deadline) { return directory_.refresh(deadline); });
        work(directory_);
        work(housekeeping_);
        serve(conversations_rpc_);
        const auto with = ServiceApp::runtime();
        consume(kChannels, channels_handler(with, update_channels_));
        consume(kInbound, inbound_handler(with, inbound_.receive));
        consume(kReplies, replies_handler(with, accept_replies_));
        consume(kSent, sent_handler(with, apply_deliveries_), kDeliveries);
        consume(kStatus, status_handler(with, apply_deliveries_, opaque_), kDeliveries);
    }

 private:
    /// And the nil one: dead letters of waiting messages have no tenant.
    std::vector<TenantId> tenants() const {
        auto all = directory_.tenants();
        all.emplace_back();
        return all;
    }

    Config config_;
    RouterMetrics router_metrics_{metrics()};
    sealing::PlainSealer sealer_{clock()};
    whatsapp::OpaqueCodec opaque_{config_.ingest_key.reveal()};
    channels::Directory directory_{pool(), metrics()};
    Reach::Sources reach_{pool(), directory_, sealer_};
    Inbound inbound_{
        {pool(), directory_, sealer_, outbox(), metrics(), clock()},
        router_metrics_,
        config_.stale_after
    };
    AcceptReplies accept_replies_{reach_, outbox(), router_metrics_, clock()};
    ApplyDeliveries apply_deliveries_{directory_};
    EndOverdueTurns end_overdue_turns_{
        reach_, outbox(), router_metrics_, clock(), config_.turn_timeout
    };
    Housekeeping housekeeping_{pool(), directory_, end_overdue_turns_, inbound_.settle_waiting};
    UpdateChannels update_channels_{directory_, [this] { housekeeping_.wake(); }};
    ReadConversations read_conversations_{reach_};
    ReleaseConversation release_conversation_{pool(), sealer_};
    ConversationsRpc conversations_rpc_{read_conversations_, release_conversation_};
};

}  // namespace

std::unique_ptr<runtime::App> make_app(const Config& config, telemetry::Metrics& metrics) {
    return std::make_unique<MessageRouterApp>(config, metrics);
}

}  // namespace tecnochat::message_router
