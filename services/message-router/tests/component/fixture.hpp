#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "consumers.hpp"
#include "tecnochat/ai/v1/events.pb.h"
#include "tecnochat/core/clock.hpp"
#include "tecnochat/kafka/testing/mock_cluster.hpp"
#include "tecnochat/postgres/testing/sandbox.hpp"
#include "tecnochat/sealing/plain_sealer.hpp"
#include "tecnochat/whatsapp/v1/events.pb.h"
#include "use_cases/accept_replies.hpp"
#include "use_cases/apply_deliveries.hpp"
#include "use_cases/read_conversations.hpp"
#include "use_cases/receive_inbound.hpp"
#include "use_cases/release_conversation.hpp"
#include "use_cases/router_metrics.hpp"
#include "use_cases/update_channels.hpp"

namespace tecnochat::message_router::testing {

class FixedClock final : public Clock {
 public:
    [[nodiscard]] Timestamp now() const override { return now_; }
    [[nodiscard]] std::chrono::steady_clock::time_point steady_now() const override {
        return steady_now_;
    }
    void advance(Milliseconds by) {
        now_ += by;
        steady_now_ += by;
    }

 private:
    Timestamp now_ = SystemClock().now();
    std::chrono::steady_clock::time_point steady_now_ = std::chrono::steady_clock::now();
};

/// Plaintext, of people who may be erased.
class ErasingSealer final : public sealing::Sealer {
 public:
    explicit ErasingSealer(const Clock& clock) : plain_(clock) {}
    Result<sealing::Keys> fetch(std::span<const sealing::Person> people, Deadline deadline)
        override {
        TECNOCHAT_TRY(auto keys, plain_.fetch(people, deadline));
        for (const auto& person : erased_) keys.put_erased(person);
        return keys;
    }
    Result<std::vector<ContactId>> new_people(
        const TenantId& tenant, int count, sealing::Keys& into, Deadline deadline
    ) override {
        return plain_.new_people(tenant, count, into, deadline);
    }
    Result<std::shared_ptr<const sealing::Keyring>> fetch_daily(
        std::chrono::sys_days day, Deadline deadline
    ) override {
        return plain_.fetch_daily(day, deadline);
    }
    void erase(const sealing::Person& person) { erased_.insert(person); }

 private:
    sealing::PlainSealer plain_;
    std::set<sealing::Person> erased_;
};

inline constexpr const char* kService = "message-router";
inline constexpr const char* kMigrations =
    TECNOCHAT_SOURCE_DIR "/services/message-router/migrations";
inline constexpr const char* kIngestKey = "test ingest key";
inline constexpr const char* kNumber = "106540352242922";
inline constexpr const char* kOtherNumber = "206540352242922";

/// The whole service but its consumers and its gRPC port: the use cases on a real database, with a
/// broker inside the process. Two tenants with one number each are known.
struct Router {
    Router();
    ~Router();
    Router(const Router&) = delete;
    Router& operator=(const Router&) = delete;

    postgres::testing::Sandbox database{kService, kMigrations};
    FixedClock clock;
    TenantId tenant = TenantId::generate(clock.now());
    TenantId other_tenant = TenantId::generate(clock.now());
    kafka::testing::MockCluster cluster;
    telemetry::Metrics metrics;
    RouterMetrics router_metrics{metrics};
    postgres::Pool pool;
    whatsapp::OpaqueCodec opaque{kIngestKey};
    channels::Directory directory{pool, metrics};
    ErasingSealer keys{clock};
    Reach::Sources reach{pool, directory, keys};
    kafka::Producer producer;
    kafka::DeadLetters dead_letters;
    outbox::Outbox outbox;
    ReceiveInbound receive_inbound_use_case{
        {pool, directory, keys, outbox, router_metrics, clock}, std::chrono::minutes(10)
    };
    SettleWaiting settle_waiting{
        {pool, directory, keys, outbox, metrics, clock}, receive_inbound_use_case
    };
    pipeline::Runtime runtime{&pool, &outbox, &producer, dead_letters, metrics};
    AcceptReplies accept_replies_use_case{reach, outbox, router_metrics, clock};
    ApplyDeliveries apply_deliveries{directory};
    kafka::Consumer::Handler accept_replies = replies_handler(runtime, accept_replies_use_case);
    kafka::Consumer::Handler sent = sent_handler(runtime, apply_deliveries);
    kafka::Consumer::Handler status = status_handler(runtime, apply_deliveries, opaque);
    int woken = 0;  // by update_channels: something that waits may be settled
    UpdateChannels update_channels_use_case{directory, [this] { ++woken; }};
    kafka::Consumer::Handler receive_inbound = inbound_handler(runtime, receive_inbound_use_case);
    kafka::Consumer::Handler update_channels = channels_handler(runtime, update_channels_use_case);
    ReadConversations read{reach};
    ReleaseConversation release{pool, keys};

    // Wire records, as the other services write them.
    [[nodiscard]] whatsapp::v1::InboundMessage text_message(
        const std::string& wamid, const std::string& body, const std::string& phone = "573001112233"
    ) const;
    [[nodiscard]] static kafka::Record record(const google::protobuf::Message& message);
    [[nodiscard]] kafka::Record channel(
        const std::string& number,
        const TenantId& owner,
        std::int64_t epoch,
        whatsapp::v1::ChannelState state = whatsapp::v1::CHANNEL_STATE_CONNECTED
    ) const;

    /// Hands a batch to a use case; fails the test where that fails.
    template <class UseCase>
    void take(UseCase& use_case, std::vector<kafka::Record> records) {
        require(use_case(std::span<const kafka::Record>(records)));
    }
    void take_text(const std::string& wamid, const std::string& body) {
        take(receive_inbound, {record(text_message(wamid, body))});
    }
    /// An answer to the open turn of this inbound message, of the epoch it was asked with.
    [[nodiscard]] ai::v1::AiReply reply_to(const std::string& wamid, const std::string& text);

    [[nodiscard]] double dead_letter_count(const std::string& topic, const std::string& reason);
    [[nodiscard]] double dropped(const std::string& topic, const std::string& reason);
    /// What lies on a topic, once at least `count` records do.
    [[nodiscard]] std::vector<kafka::Record> published(std::string_view topic, std::size_t count);
    /// The whole topic as it stands.
    [[nodiscard]] std::vector<kafka::Record> on_topic(std::string_view topic);

    static void require(const Status& status);
};

}  // namespace tecnochat::message_router::testing
