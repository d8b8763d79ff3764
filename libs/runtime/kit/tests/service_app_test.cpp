// Goal: the order of start and stop that all services share, and what readiness means.
// Method: an app of fakes over the mock broker and a real database.
#include "tecnochat/runtime/service_app.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <mutex>

#include "tecnochat/core/guarded.hpp"
#include "tecnochat/kafka/testing/mock_cluster.hpp"
#include "tecnochat/postgres/testing/sandbox.hpp"
#include "tecnochat/testkit/eventually.hpp"

using namespace tecnochat;
using namespace tecnochat::runtime;

namespace {

constexpr Milliseconds kLong{20'000};
using Words = std::vector<std::string>;

class TestTopic {
 public:
    explicit TestTopic(std::string name)
        : name_(std::move(name)), offset_("kit-test." + name_ + ".offset") {}
    [[nodiscard]] std::string service() const { return "kit-test"; }
    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] StepFailpoints& offset() const { return offset_; }

 private:
    std::string name_;
    mutable StepFailpoints offset_;
};

ServiceSteps test_steps{"kit-test", {.rpc = false}};
ServiceSteps bare_steps{
    "kit-bare", {.database = false, .outbox = false, .rpc = false, .dead_letters = false}
};

struct Journal {
    void add(std::string word) {
        words.with([&](Words& all) { all.push_back(std::move(word)); });
    }
    Words all() {
        return words.with([](const Words& all) { return all; });
    }
    Guarded<Words> words;
};

struct FakeWorker {
    Status start() {
        journal.add("start " + name);
        return status;
    }
    void stop(Deadline) {
        // Side by side: the first to come waits for the others.
        const int now = ++stopping;
        journal.add("stop " + name);
        if (expected > 0) {
            testkit::eventually(kLong, [&] { return stopping >= expected; });
            met = met || now <= expected;
        }
    }
    [[nodiscard]] bool ready() const { return is_ready; }

    Journal& journal;
    std::string name;
    std::atomic<int>& stopping;
    int expected = 0;
    Status status = ok();
    std::atomic<bool> is_ready{true};
    bool met = false;
};

struct Fixture {
    Fixture() {
        for (const char* name : {"a", "b", "c", "d", "e"}) cluster.create_topic(name, 1);
    }
    ServiceSettings settings() {
        ServiceSettings all;
        all.kafka.instance.clear();  // the mock knows no static members
        all.postgres_url = sandbox.service_url();
        return all;
    }
    Parts parts() {
        Parts all;
        all.connections = 10;
        all.mock_bootstrap = cluster.bootstrap();
        all.tenants = [] { return std::vector<TenantId>(); };
        return all;
    }

    postgres::testing::Sandbox sandbox;
    kafka::testing::MockCluster cluster;
    telemetry::Metrics metrics;
    Journal journal;
    std::atomic<int> stopping{0};
};

class TestApp final : public ServiceApp {
 public:
    TestApp(ServiceSteps& steps, Fixture& fixture)
        : ServiceApp(steps, fixture.settings(), fixture.parts(), fixture.metrics) {}

    // What a composition root does in its constructor, test by test.
    using ServiceApp::before_start;
    using ServiceApp::consume;
    using ServiceApp::intake;
    using ServiceApp::pool;
    using ServiceApp::producer;
    using ServiceApp::work;
};

const TenantId kTenant = TenantId::generate(SystemClock().now());

/// As a use case whose database does not answer: until its own deadline nothing comes back.
Status hang_in(postgres::Pool& pool, Milliseconds limit) {
    TECNOCHAT_TRY(
        auto transaction, postgres::Transaction::begin(pool, kTenant, Deadline::after(limit))
    );
    TECNOCHAT_CHECK(transaction.execute("SELECT pg_sleep(600)"));
    return transaction.commit();
}

}  // namespace

TEST_CASE("failpoints follow from a service's name and shape") {
    const auto names = failpoint_names();
    const auto has = [&](const std::string& name) {
        return std::find(names.begin(), names.end(), name) != names.end();
    };
    CHECK(has("kit-test.dead-letter.produce.before"));
    CHECK(has("kit-test.outbox.produce.after"));
    CHECK(has("kit-test.outbox.delete.before"));
    CHECK_FALSE(has("kit-bare.outbox.produce.after"));
    CHECK_FALSE(has("kit-bare.dead-letter.produce.before"));
}

TEST_CASE_METHOD(Fixture, "hooks, workers and intake start in order, and stop side by side") {
    FakeWorker one{journal, "one", stopping, 2};
    FakeWorker two{journal, "two", stopping, 2};
    std::atomic<int> others{0};
    FakeWorker door{journal, "door", others};
    TestApp app(test_steps, *this);
    app.intake(door);
    app.work(one);
    app.work(two);
    app.before_start([&](Deadline) {
        journal.add("first hook");
        return ok();
    });
    app.before_start([&](Deadline) {
        journal.add("second hook");
        return ok();
    });
    REQUIRE(app.start());
    CHECK(
        journal.all() == Words{"first hook", "second hook", "start one", "start two", "start door"}
    );
    app.stop(Deadline::after(kLong));
    const auto all = journal.all();
    REQUIRE(all.size() == 8);
    CHECK(all[5] == "stop door");
    CHECK(one.met);
    CHECK(two.met);
}

TEST_CASE_METHOD(Fixture, "a start that fails stops what had started, and nothing else") {
    FakeWorker one{journal, "one", stopping};
    FakeWorker two{journal, "two", stopping};
    FakeWorker three{journal, "three", stopping};
    TestApp app(test_steps, *this);
    for (auto* worker : {&one, &two, &three}) app.work(*worker);
    two.status = make_error(ErrorCode::kUnavailable, "no limiter");
    const auto started = app.start();
    REQUIRE_FALSE(started);
    CHECK(started.error().message == "no limiter");
    app.stop(Deadline::after(kLong));
    CHECK(journal.all() == Words{"start one", "start two", "stop one"});
}

TEST_CASE_METHOD(Fixture, "without its database a service does not start") {
    FakeWorker one{journal, "one", stopping};
    TestApp app(test_steps, *this);
    app.work(one);
    sandbox.go_away();
    const auto started = app.start();
    sandbox.come_back();
    REQUIRE_FALSE(started);
    CHECK(started.error().code == ErrorCode::kUnavailable);
    app.stop(Deadline::after(kLong));
    CHECK(journal.all().empty());
}

TEST_CASE_METHOD(Fixture, "ready only while every dependency is there") {
    const TestTopic topic("a");
    FakeWorker one{journal, "one", stopping};
    TestApp app(test_steps, *this);
    app.work(one);
    app.consume(topic, [](std::span<const kafka::Record>) { return ok(); });
    CHECK_FALSE(app.ready());
    REQUIRE(app.start());
    const auto ready = [&] { return app.ready(); };
    const auto not_ready = [&] { return !app.ready(); };
    REQUIRE(testkit::eventually(kLong, ready));
    one.is_ready = false;
    CHECK_FALSE(app.ready());
    one.is_ready = true;
    sandbox.go_away();
    CHECK(testkit::eventually(kLong, not_ready));
    sandbox.come_back();
    CHECK(testkit::eventually(kLong, ready));
    cluster.set_down(true);
    CHECK(testkit::eventually(kLong, not_ready));
    cluster.set_down(false);
    CHECK(testkit::eventually(kLong, ready));
    app.stop(Deadline::after(kLong));
}

TEST_CASE_METHOD(Fixture, "a service without database, outbox and consumers runs too") {
    TestApp app(bare_steps, *this);
    REQUIRE(app.start());
    CHECK(testkit::eventually(kLong, [&] { return app.ready(); }));
    app.stop(Deadline::after(kLong));
}

TEST_CASE_METHOD(Fixture, "five consumers that hang in the database are stopped together") {
    const std::array<TestTopic, 5> topics{
        TestTopic("a"), TestTopic("b"), TestTopic("c"), TestTopic("d"), TestTopic("e")
    };
    std::array<std::atomic<int>, 5> calls{};
    TestApp app(test_steps, *this);
    for (std::size_t i = 0; i < topics.size(); ++i) {
        app.consume(topics[i], [&, i](std::span<const kafka::Record>) {
            ++calls[i];
            return hang_in(app.pool(), Milliseconds(2000));
        });
    }
    REQUIRE(app.start());
    const auto deadline = Deadline::after(kLong);
    for (const auto& topic : topics) {
        const kafka::OutRecord record{topic.name(), "k", "v", {}};
        REQUIRE(app.producer().send_and_wait(std::span(&record, 1), deadline));
    }
    REQUIRE(testkit::eventually(kLong, [&] {
        return std::ranges::all_of(calls, [](const auto& count) { return count > 0; });
    }));
    std::array<int, 5> before{};
    std::ranges::transform(calls, before.begin(), [](const auto& count) { return count.load(); });
    const auto by = Deadline::after(kLong);
    app.stop(by);
    CHECK_FALSE(by.expired());
    // Stopped one after the other, the later ones would have been handed their batches again and
    // again meanwhile. (One may have been about to be called as it was counted.)
    for (std::size_t i = 0; i < calls.size(); ++i) CHECK(calls[i] <= before[i] + 1);
}

TEST_CASE_METHOD(Fixture, "a stop ends waits for the database that would outlast it") {
    const TestTopic topic("a");
    std::atomic<int> calls{0};
    TestApp app(test_steps, *this);
    app.consume(topic, [&](std::span<const kafka::Record>) {
        ++calls;
        return hang_in(app.pool(), std::chrono::minutes(10));
    });
    REQUIRE(app.start());
    const kafka::OutRecord record{"a", "k", "v", {}};
    REQUIRE(app.producer().send_and_wait(std::span(&record, 1), Deadline::after(kLong)));
    REQUIRE(testkit::eventually(kLong, [&] { return calls > 0; }));
    app.stop(Deadline::after(Milliseconds(3000)));  // returns at all: the handler did
    CHECK(calls == 1);
}
