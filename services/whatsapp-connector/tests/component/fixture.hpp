#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "store/channel_store.hpp"
#include "store/send_store.hpp"
#include "tecnochat/channels/directory.hpp"
#include "tecnochat/kafka/testing/mock_cluster.hpp"
#include "tecnochat/outbox/outbox.hpp"
#include "tecnochat/postgres/testing/sandbox.hpp"
#include "tecnochat/sealing/plain_sealer.hpp"
#include "tecnochat/telemetry/metrics.hpp"
#include "tecnochat/whatsapp/v1/events.pb.h"

namespace tecnochat::whatsapp_connector::testing {

inline constexpr const char* kNumber = "106540352242922";
inline constexpr const char* kOtherNumber = "206540352242922";
inline constexpr Milliseconds kPatience{10'000};

Deadline soon();
/// Ids that are the same whenever the test is run.
ConversationId conversation(int n);
MessageId message(int n);

class HandClock final : public Clock {
 public:
    [[nodiscard]] Timestamp now() const override { return start_ + ahead_.load(); }
    [[nodiscard]] std::chrono::steady_clock::time_point steady_now() const override {
        return std::chrono::steady_clock::now();
    }
    void advance(Milliseconds by) { ahead_ = ahead_.load() + by; }

 private:
    Timestamp start_ = SystemClock().now();
    std::atomic<Milliseconds> ahead_{Milliseconds(0)};
};

/// The service's database with two tenants of one connected number each, and its stores.
struct Fixture {
    Fixture();

    /// Text `n` of a conversation, whose window is open for an hour.
    [[nodiscard]] NewSend text(int n, int conversation_number = 1) const;
    [[nodiscard]] NewSend text_of_other_tenant(int n) const;
    void insert(std::vector<NewSend> texts);
    template <class Sends>
    sealing::Keys keys_of(const Sends& wanted, sealing::Sealer& from) {
        std::vector<sealing::Person> people;
        for (const auto& send : wanted) people.push_back({send.tenant, send.contact});
        auto keys = from.fetch(people, soon());
        or_fail(keys);
        return std::move(keys).value();
    }

    /// Runs `work(transaction)` for both tenants and commits; its value.
    template <class Work>
    auto commit(Work work) {
        auto transaction = begin();
        auto result = work(transaction);
        or_fail(result);
        or_fail(transaction.commit());
        return std::move(result).value();
    }
    postgres::Transaction begin();
    /// Ends the test where the result is an error.
    template <class T>
    static void or_fail(const Result<T>& result) {
        if (!result) fail(result.error().message + " " + result.error().reason);
    }
    [[noreturn]] static void fail(const std::string& message);

    /// So many of each tenant's number.
    [[nodiscard]] std::vector<SendStore::Share> shares(int most) const;
    std::vector<ClaimedSend> claim(int limit = 10, const std::string& instance = "c-0");
    std::vector<SendChange> enter_wire(const std::vector<ClaimedSend>& sends);
    /// One send of its own conversation, on the wire.
    ClaimedSend on_wire(int n);
    std::vector<SendChange> record(const ClaimedSend& send, const GraphAnswer& answer);
    std::vector<SendChange> echo(int n, EchoKind kind, const std::string& wamid, int error = 0);

    std::string state(int n);
    /// Whether the database still holds whom it goes to and what it says.
    bool has_content(int n);
    /// From now on send `n` gets a newer version's word wherever it would get this one.
    void put_in_unknown_state(int n, const std::string& instead_of);
    /// A column of a send as text.
    std::string column(int n, const std::string& name);

    postgres::testing::Sandbox database{
        "whatsapp-connector", TECNOCHAT_SOURCE_DIR "/services/whatsapp-connector/migrations"
    };
    HandClock clock;
    TenantId tenant = TenantId::generate(clock.now());
    TenantId other_tenant = TenantId::generate(clock.now());
    telemetry::Metrics metrics;
    postgres::Pool pool{{database.service_url(), 10}};
    sealing::PlainSealer sealer{clock};
    ChannelStore channel_store;
    channels::Directory directory{pool, metrics};
    SendStore sends;
};

/// The same with an outbox into a broker inside this process.
struct PublishingFixture : Fixture {
    PublishingFixture();
    kafka::testing::MockCluster cluster;
    kafka::Producer producer;
    outbox::Outbox outbox;
};

/// Everything that has reached a topic, as a consumer sees it, read to its end; waits at most 20 s
/// for `count` records.
std::vector<kafka::Record> read_topic(
    const kafka::testing::MockCluster& cluster, std::string_view topic, std::size_t count
);

}  // namespace tecnochat::whatsapp_connector::testing
