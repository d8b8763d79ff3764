#include "tecnochat/outbox/outbox.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <catch2/catch.hpp>
#include <condition_variable>
#include <mutex>
#include <random>
#include <thread>

#include "tecnochat/kafka/consumer.hpp"
#include "tecnochat/kafka/testing/mock_cluster.hpp"
#include "tecnochat/postgres/testing/sandbox.hpp"
#include "tecnochat/testkit/eventually.hpp"

using namespace tecnochat;
using namespace tecnochat::outbox;

namespace {

constexpr Milliseconds kLong{60'000};

kafka::ProducerConfig producer_config(const kafka::testing::MockCluster& cluster) {
    kafka::ProducerConfig config;
    config.client_id = "test";
    config.mock_bootstrap = cluster.bootstrap();
    return config;
}

struct Fixture {
    postgres::testing::Sandbox sandbox;
    kafka::testing::MockCluster cluster;
    telemetry::Metrics metrics;
    postgres::Pool pool{{sandbox.service_url(), 8, Milliseconds(3000), Milliseconds(5000)}};
    kafka::Producer producer{producer_config(cluster), metrics};
    TenantId tenant = TenantId::generate(SystemClock().now());
    Uuid conversation = Uuid::v7(SystemClock().now());
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<std::string> received;
    std::unique_ptr<kafka::Consumer> consumer;

    Fixture() {
        cluster.create_topic("t", 3);
        kafka::ConsumerConfig config;
        config.service = "test";
        config.topic = "t";
        config.reads = kafka::Reads::kAllFromBeginning;
        config.mock_bootstrap = cluster.bootstrap();
        consumer = std::make_unique<kafka::Consumer>(
            config,
            [this](std::span<const kafka::Record> batch) {
                std::scoped_lock lock(mutex);
                for (const auto& record : batch) received.push_back(record.value);
                changed.notify_all();
                return ok();
            },
            metrics
        );
        consumer->start();
        while (!producer.connected()) std::this_thread::yield();
    }

    std::unique_ptr<Outbox> outbox(Milliseconds abandoned_after = kLong, std::size_t most = 1000) {
        Outbox::Config config;
        config.abandoned_after = abandoned_after;
        config.most_rows = most;
        config.sweep_every = Milliseconds(50);
        return std::make_unique<Outbox>(
            pool, producer, [this] { return std::vector{tenant}; }, config, metrics
        );
    }
    [[nodiscard]] Entry entry(const std::string& value) const { return entry(value, conversation); }
    [[nodiscard]] Entry entry(const std::string& value, const Uuid& order_key) const {
        return {
            tenant, order_key, {"t", order_key.to_string(), value, {{"ce_id", value}, {"x", "ñ"}}}
        };
    }
    static Uuid fresh_key() { return Uuid::v7(SystemClock().now()); }
    postgres::Transaction begin() {
        auto transaction =
            postgres::Transaction::begin(pool, tenant, Deadline::after(Milliseconds(10'000)));
        REQUIRE(transaction);
        return std::move(transaction).value();
    }
    Appended commit(Outbox& box, const std::vector<Entry>& entries) {
        auto transaction = begin();
        auto appended = box.append(transaction, entries);
        REQUIRE(appended);
        REQUIRE(transaction.commit());
        return std::move(appended).value();
    }
    bool wait_for(std::size_t count, Milliseconds limit = Milliseconds(20'000)) {
        std::unique_lock lock(mutex);
        return changed.wait_for(lock, limit, [&] { return received.size() >= count; });
    }
    std::vector<std::string> values() {
        std::scoped_lock lock(mutex);
        return received;
    }
    std::string rows() { return sandbox.query("SELECT count(*)::text FROM outbox"); }
    std::string flags() {
        return sandbox.query("SELECT string_agg(direct::text, ',' ORDER BY id) FROM outbox");
    }
    /// Waits on the table, which nobody can signal.
    bool wait_for_rows(const std::string& count) {
        const auto until = Deadline::after(Milliseconds(20'000));
        while (rows() != count) {
            if (until.expired()) return false;
            std::this_thread::yield();
        }
        return true;
    }
};

using Values = std::vector<std::string>;

/// What a replica's threads do to one lane (an order_key whose rows are appended one after the
/// other, as under the lock of a conversation): values are "<lane>:<n>".
struct Lanes {
    explicit Lanes(Fixture& f, int count) : fixture(f) {
        f.sandbox.run("CREATE TABLE lane (id int, n int); GRANT ALL ON lane TO PUBLIC");
        for (int i = 0; i < count; ++i) {
            keys.push_back(Uuid::v7(SystemClock().now()));
            f.sandbox.run(fmt::format("INSERT INTO lane VALUES ({}, 0)", i));
        }
    }
    Status append_one(Outbox& box, std::size_t lane) const {
        TECNOCHAT_TRY(
            auto transaction,
            postgres::Transaction::begin(
                fixture.pool, fixture.tenant, Deadline::after(Milliseconds(10'000))
            )
        );
        TECNOCHAT_TRY(
            const auto next,
            transaction.execute(
                "UPDATE lane SET n = n + 1 WHERE id = $1::int RETURNING n::text AS n",
                postgres::Params().add(static_cast<int>(lane))
            )
        );
        const auto value = fmt::format("{}:{}", lane, next[0].text("n"));
        TECNOCHAT_TRY(
            auto appended, box.append(transaction, std::vector{fixture.entry(value, keys[lane])})
        );
        TECNOCHAT_CHECK(transaction.commit());
        box.publish(std::move(appended));
        return ok();
    }
    /// Copies left out, as consumers leave them out by the event id.
    [[nodiscard]] Values firsts(std::size_t lane) const {
        Values firsts;
        for (const auto& value : fixture.values()) {
            if (value.starts_with(fmt::format("{}:", lane)) &&
                std::ranges::find(firsts, value) == firsts.end()) {
                firsts.push_back(value);
            }
        }
        return firsts;
    }
    [[nodiscard]] Values expected(std::size_t lane) const {
        Values expected;
        const auto last =
            fixture.sandbox.count(fmt::format("SELECT n::text FROM lane WHERE id = {}", lane));
        for (int n = 1; n <= last; ++n) expected.push_back(fmt::format("{}:{}", lane, n));
        return expected;
    }

    Fixture& fixture;
    std::vector<Uuid> keys;
};

}  // namespace

TEST_CASE_METHOD(Fixture, "rows of a free order key leave right after the commit") {
    const auto box = outbox();
    auto appended = commit(*box, {entry("1"), entry("2"), entry("3")});
    CHECK(rows() == "3");
    box->publish(std::move(appended));
    REQUIRE(wait_for(3));
    CHECK(values() == Values{"1", "2", "3"});
    CHECK(wait_for_rows("0"));
}

TEST_CASE_METHOD(Fixture, "rows of one transaction count together, savepoints apart") {
    const auto box = outbox();
    auto transaction = begin();
    REQUIRE(box->append(transaction, std::vector{entry("1")}));
    REQUIRE(box->append(transaction, std::vector{entry("2")}));
    REQUIRE(transaction.with_savepoint([&]() -> Status {
        TECNOCHAT_CHECK(
            box->append(transaction, std::vector{entry("other", Uuid::v7(SystemClock().now()))})
        );
        return ok();
    }));
    REQUIRE(transaction.commit());
    CHECK(flags() == "true,true,true");
}

TEST_CASE_METHOD(Fixture, "an older unpublished row holds a younger one back, no other key") {
    const auto box = outbox();
    box->start();
    auto older = commit(*box, {entry("1")});
    auto younger = commit(*box, {entry("2")});
    auto other = commit(*box, {entry("other", Uuid::v7(SystemClock().now()))});
    CHECK(flags() == "true,false,true");
    box->publish(std::move(younger));
    box->publish(std::move(other));
    REQUIRE(wait_for(1));
    CHECK(values() == Values{"other"});
    box->publish(std::move(older));
    REQUIRE(wait_for(3));
    CHECK(values() == Values{"other", "1", "2"});
    CHECK(wait_for_rows("0"));
}

TEST_CASE_METHOD(Fixture, "what a crash left between commit and publish is swept in order") {
    {
        const auto crashed = outbox();
        commit(*crashed, {entry("1"), entry("2")});
        commit(*crashed, {entry("3")});
    }
    const auto box = outbox(Milliseconds(200));
    box->start();
    REQUIRE(wait_for(3));
    CHECK(values() == Values{"1", "2", "3"});
    CHECK(wait_for_rows("0"));
}

TEST_CASE_METHOD(Fixture, "rows wait in the table while Kafka is away, and leave in order") {
    const auto box = outbox(Milliseconds(300));
    box->start();
    cluster.set_down(true);
    Values expected;
    for (int i = 0; i < 20; ++i) {
        expected.push_back(std::to_string(i));
        box->publish(commit(*box, {entry(expected.back())}));
    }
    CHECK(values().empty());
    cluster.set_down(false);
    REQUIRE(wait_for(20));
    CHECK(wait_for_rows("0"));
    CHECK(values() == expected);
}

TEST_CASE_METHOD(Fixture, "threads that share a key keep its order") {
    const auto box = outbox(Milliseconds(1000));
    box->start();
    sandbox.run(
        "CREATE TABLE lane (n int); INSERT INTO lane VALUES (0); GRANT ALL ON lane TO PUBLIC"
    );
    constexpr int kThreads = 4;
    constexpr int kEach = 50;
    std::atomic<int> failures{0};
    const auto work = [&] {
        for (int i = 0; i < kEach; ++i) {
            auto transaction =
                postgres::Transaction::begin(pool, tenant, Deadline::after(Milliseconds(10'000)));
            if (!transaction) {
                ++failures;
                continue;
            }
            auto next = transaction->execute("UPDATE lane SET n = n + 1 RETURNING n");
            if (!next) {
                ++failures;
                continue;
            }
            auto appended = box->append(*transaction, std::vector{entry((*next)[0].text("n"))});
            if (!appended || !transaction->commit()) {
                ++failures;
                continue;
            }
            box->publish(std::move(appended).value());
        }
    };
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < kThreads; ++i) threads.emplace_back(work);
    }
    CHECK(failures == 0);
    REQUIRE(wait_for(kThreads * kEach));
    CHECK(wait_for_rows("0"));
    Values expected;
    for (int i = 1; i <= kThreads * kEach; ++i) expected.push_back(std::to_string(i));
    CHECK(values() == expected);
}

TEST_CASE_METHOD(Fixture, "a record that Kafka refuses holds back its own key only") {
    const auto box = outbox(Milliseconds(300));
    box->start();
    box->publish(commit(*box, {entry(std::string(5 * 1024 * 1024, 'x')), entry("behind")}));
    box->publish(commit(*box, {entry("other", Uuid::v7(SystemClock().now()))}));
    REQUIRE(wait_for(1));
    CHECK(wait_for_rows("2"));
    CHECK(values() == Values{"other"});
}

TEST_CASE_METHOD(Fixture, "a failed delete is made up for without publishing again") {
    const auto box = outbox(Milliseconds(500));
    sandbox.run("REVOKE DELETE ON outbox FROM " + sandbox.role());
    box->publish(commit(*box, {entry("1")}));
    REQUIRE(wait_for(1));
    box->publish(commit(*box, {entry("2")}));
    CHECK(rows() == "2");
    sandbox.run("GRANT DELETE ON outbox TO " + sandbox.role());
    box->start();
    CHECK(wait_for_rows("0"));
    REQUIRE(wait_for(2));
    CHECK(values() == Values{"1", "2"});
}

TEST_CASE_METHOD(Fixture, "the caller does not wait for Kafka") {
    const auto box = outbox();
    cluster.set_delay(Milliseconds(3000));
    for (int i = 0; i < 5; ++i) box->publish(commit(*box, {entry(std::to_string(i), fresh_key())}));
    // All five calls came back, and nothing was acknowledged meanwhile.
    CHECK(rows() == "5");
    cluster.set_delay(Milliseconds(0));
    REQUIRE(wait_for(5));
    CHECK(wait_for_rows("0"));
}

TEST_CASE_METHOD(Fixture, "what Kafka has but the table still shows holds nothing back") {
    const auto box = outbox();
    sandbox.run("REVOKE DELETE ON outbox FROM " + sandbox.role());
    box->publish(commit(*box, {entry("1")}));
    const auto next_is_direct = [&] {
        auto transaction = begin();  // never committed
        REQUIRE(box->append(transaction, std::vector{entry("probe")}));
        const auto last = transaction.execute("SELECT direct FROM outbox ORDER BY id DESC LIMIT 1");
        REQUIRE(last);
        return (*last)[0].flag("direct");
    };
    CHECK(testkit::eventually(Milliseconds(20'000), next_is_direct));
    CHECK(rows() == "1");
}

TEST_CASE_METHOD(Fixture, "beyond the bound rows stay in the table, and the sweeper has them") {
    constexpr std::size_t kMost = 10;
    Values expected;
    {
        const auto box = outbox(kLong, kMost);
        cluster.set_delay(Milliseconds(1000));
        for (int i = 0; i < 30; ++i) {
            expected.push_back(std::to_string(i));
            box->publish(commit(*box, {entry(expected.back(), fresh_key())}));
        }
        cluster.set_delay(Milliseconds(0));
        CHECK(wait_for_rows("20"));
        REQUIRE(wait_for(kMost));
        box->stop(Deadline::after(Milliseconds(10'000)));
    }
    CHECK(rows() == "20");
    CHECK(values().size() == kMost);
    const auto box = outbox(Milliseconds(100));
    box->start();
    REQUIRE(wait_for(30));
    CHECK(wait_for_rows("0"));
    auto all = values();
    std::ranges::sort(all);
    std::ranges::sort(expected);
    CHECK(all == expected);
}

TEST_CASE_METHOD(Fixture, "a stop publishes and deletes what was handed over") {
    const auto box = outbox();
    cluster.set_delay(Milliseconds(300));
    for (int i = 0; i < 5; ++i) box->publish(commit(*box, {entry(std::to_string(i), fresh_key())}));
    box->stop(Deadline::after(Milliseconds(20'000)));
    CHECK(rows() == "0");
    REQUIRE(wait_for(5));
    // Whoever comes later leaves its rows to the next process.
    box->publish(commit(*box, {entry("late")}));
    CHECK(rows() == "1");
}

TEST_CASE_METHOD(Fixture, "a stop while Kafka hangs ends at its deadline") {
    const auto box = outbox();
    box->start();
    cluster.set_delay(Milliseconds(60'000));
    box->publish(commit(*box, {entry("1")}));
    box->stop(Deadline::after(Milliseconds(200)));
    CHECK(rows() == "1");
    cluster.set_delay(Milliseconds(0));
}

TEST_CASE_METHOD(Fixture, "a key keeps its order across publishers, sweepers and replicas") {
    constexpr std::size_t kLanes = 6;
    constexpr int kThreads = 4;
    constexpr int kEach = 60;
    const Lanes lanes(*this, kLanes);
    // Small enough that every path is taken: left out, deferred, abandoned, published twice.
    const std::array replicas{outbox(Milliseconds(150), 5), outbox(Milliseconds(150), 5)};
    for (const auto& box : replicas) box->start();
    std::atomic<int> failures{0};
    std::atomic<bool> done{false};
    const auto work = [&](unsigned seed) {
        std::mt19937 random(seed);
        for (int i = 0; i < kEach; ++i) {
            if (!lanes.append_one(*replicas[random() % 2], random() % kLanes)) ++failures;
        }
    };
    const auto disturb = [&] {
        for (int i = 0; !done; ++i) {
            const auto verb =
                i % 2 == 0 ? "REVOKE DELETE ON outbox FROM " : "GRANT DELETE ON outbox TO ";
            sandbox.run(verb + sandbox.role());
            cluster.set_delay(Milliseconds(i % 3 == 0 ? 200 : 0));
            if (i % 5 == 4) cluster.set_down(i % 10 == 4);
        }
        cluster.set_down(false);
        cluster.set_delay(Milliseconds(0));
        sandbox.run("GRANT DELETE ON outbox TO " + sandbox.role());
    };
    std::jthread disturber(disturb);
    {
        std::vector<std::jthread> threads;
        for (unsigned i = 0; i < kThreads; ++i) threads.emplace_back(work, i + 1);
    }
    done = true;
    disturber.join();
    CHECK(failures == 0);
    CHECK(wait_for_rows("0"));
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
        const auto expected = lanes.expected(lane);
        testkit::eventually(Milliseconds(20'000), [&] {
            return lanes.firsts(lane).size() == expected.size();
        });
        CHECK(lanes.firsts(lane) == expected);
    }
}
