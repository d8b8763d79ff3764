#include "app.hpp"

#include "consumers.hpp"
#include "rpc/conversations_rpc.hpp"
#include "tecnochat/sealing/plain_sealer.hpp"
#include "use_cases/end_overdue_turns.hpp"
#include "use_cases/housekeeping.hpp"
#include "use_cases/read_conversations.hpp"
#include "use_cases/release_conversation.hpp"

namespace tecnochat::message_router {
namespace {

runtime::ServiceSteps steps{"message-router"};

/// Five consumers, the outbox's two, housekeeping, the directory, the readiness probe; the rest for
/// RPCs.
constexpr int kConnections = 14;

runtime::Parts parts(outbox::Outbox::Tenants tenants) {
    runtime::Parts parts;
    parts.connections = kConnections;
    parts.tenants = std::move(tenants);
    return parts;
}

class MessageRouterApp final : public runtime::ServiceApp {
 public:
    MessageRouterApp(const Config& config, telemetry::Metrics& metrics)
        : ServiceApp(steps, config.service, parts([this] { return tenants(); }), metrics),
          directory_(pool(), metrics),
          router_metrics_(metrics),
          opaque_(config.ingest_key.reveal()),
          receive_inbound_(
              {pool(), directory_, sealer_, outbox(), router_metrics_, clock()}, config.stale_after
          ),
          settle_waiting_(
              {pool(), directory_, sealer_, outbox(), metrics, clock()}, receive_inbound_
          ),
          end_overdue_turns_(reach_, outbox(), router_metrics_, clock(), config.turn_timeout) {
        receive_inbound_.settle_with(settle_waiting_);
        before_start([this](Deadline deadline) { return directory_.refresh(deadline); });
        work(directory_);
        work(housekeeping_);
        serve(conversations_rpc_);
        const pipeline::Runtime with{&pool(), &outbox(), &producer(), dead_letters(), metrics};
        consume(kChannels, channels_handler(with, update_channels_));
        consume(kInbound, inbound_handler(with, receive_inbound_));
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

    sealing::PlainSealer sealer_{clock()};
    channels::Directory directory_;
    Reach::Sources reach_{pool(), directory_, sealer_};
    RouterMetrics router_metrics_;
    whatsapp::OpaqueCodec opaque_;
    ReceiveInbound receive_inbound_;
    SettleWaiting settle_waiting_;
    EndOverdueTurns end_overdue_turns_;
    AcceptReplies accept_replies_{reach_, outbox(), router_metrics_, clock()};
    ApplyDeliveries apply_deliveries_{directory_};
    Housekeeping housekeeping_{pool(), directory_, end_overdue_turns_, settle_waiting_};
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
