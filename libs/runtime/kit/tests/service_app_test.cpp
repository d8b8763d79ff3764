// Goal: the order of start and stop that all services share, and what readiness means.
// Method: an app of fakes over the mock broker and a real database.
#include "tecnochat/runtime/service_app.hpp"

#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <future>
#include <latch>
#include <mutex>
#include <thread>

#include "tecnochat/core/environment.hpp"
#include "tecnochat/core/guarded.hpp"
#include "tecnochat/kafka/testing/mock_cluster.hpp"
#include "tecnochat/postgres/testing/sandbox.hpp"
#include "tecnochat/runtime/service.hpp"
#include "tecnochat/testkit/eventually.hpp"
#include "tecnochat/testkit/process.hpp"

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

/// Five consumers whose handlers hang, each with one record.
struct Hanging {
    using Handler = std::function<Status(std::size_t consumer)>;

    Hanging(TestApp& a, const Handler& hang) : app(a) {
        for (std::size_t i = 0; i < topics.size(); ++i) {
            app.consume(topics[i], [this, i, hang](std::span<const kafka::Record>) {
                ++calls[i];
                return hang(i);
            });
        }
    }
    /// Once the app has started; returns when all of them hang.
    void send_records() {
        for (const auto& topic : topics) {
            const kafka::OutRecord record{topic.name(), "k", "v", {}};
            REQUIRE(app.producer().send_and_wait(std::span(&record, 1), Deadline::after(kLong)));
        }
        REQUIRE(testkit::eventually(kLong, [&] {
            return std::ranges::all_of(calls, [](const auto& count) { return count > 0; });
        }));
    }

    const std::array<TestTopic, 5> topics{
        TestTopic("a"), TestTopic("b"), TestTopic("c"), TestTopic("d"), TestTopic("e")
    };
    std::array<std::atomic<int>, 5> calls{};
    TestApp& app;
};

/// A table that nobody gets at while it is locked: who asks waits for as long as the test wants.
struct LockedTable {
    explicit LockedTable(postgres::testing::Sandbox& sandbox)
        : admin(postgres::connect(sandbox.admin_url().reveal(), Deadline::after(kLong)).value()) {
        sandbox.run("CREATE TABLE gate (n int); GRANT SELECT ON gate TO PUBLIC");
        REQUIRE(admin->execute("BEGIN"));
        REQUIRE(admin->execute("LOCK TABLE " + sandbox.schema() + ".gate"));
    }
    static Status wait(postgres::Pool& pool) {
        TECNOCHAT_TRY(
            auto transaction,
            postgres::Transaction::begin(pool, kTenant, Deadline::after(std::chrono::minutes(10)))
        );
        TECNOCHAT_CHECK(transaction.execute("SELECT count(*) FROM gate"));
        return transaction.commit();
    }
    std::unique_ptr<postgres::Connection> admin;  // its end opens the gate
};

/// Runs the last test below as a process of its own, which is told to stop while five consumers
/// hang. In `where`: "database" or "elsewhere".
testkit::CommandResult stop_while_hanging(const std::string& where) {
    return testkit::run(
        {std::filesystem::read_symlink("/proc/self/exe").string(), "[hanging-service]"},
        {{"TECNOCHAT_TEST_HANGS_IN", where}}
    );
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

TEST_CASE_METHOD(Fixture, "all consumers are asked to stop before any of them is waited for") {
    FakeWorker door{journal, "door", stopping};
    TestApp app(test_steps, *this);
    app.intake(door);
    std::array<std::latch, 5> gates{
        std::latch(1), std::latch(1), std::latch(1), std::latch(1), std::latch(1)
    };
    Hanging hanging(app, [&](std::size_t consumer) -> Status {
        gates[consumer].wait();
        return make_error(ErrorCode::kUnavailable, "asked again, unless the consumer stops");
    });
    REQUIRE(app.start());
    hanging.send_records();
    const auto by = Deadline::after(kLong);
    auto stopped = std::async(std::launch::async, [&] { app.stop(by); });
    REQUIRE(testkit::eventually(kLong, [&] {
        const auto words = journal.all();
        return std::ranges::find(words, "stop door") != words.end();
    }));
    // The first is still waited for. Were the others asked only then, they would go on meanwhile.
    for (std::size_t i = 1; i < gates.size(); ++i) gates[i].count_down();
    CHECK_FALSE(testkit::eventually(Milliseconds(1000), [&] {
        return std::ranges::any_of(hanging.calls, [](const auto& count) { return count > 1; });
    }));
    gates[0].count_down();
    stopped.get();
    CHECK_FALSE(by.expired());
    for (const auto& count : hanging.calls) CHECK(count == 1);
}

TEST_CASE_METHOD(Fixture, "a stop ends waits for the database that would outlast it") {
    TestApp app(test_steps, *this);
    const LockedTable locked(sandbox);
    Hanging hanging(app, [&](std::size_t) { return LockedTable::wait(app.pool()); });
    REQUIRE(app.start());
    hanging.send_records();
    app.stop(Deadline::after(Milliseconds(3000)));  // returns at all: the handlers did
    for (const auto& count : hanging.calls) CHECK(count == 1);
}

TEST_CASE("a process ends by itself though all its consumers hang in the database") {
    const auto ended = stop_while_hanging("database");
    INFO(ended.output);
    CHECK(ended.exit_code == 0);
    CHECK(ended.output.find("\"stopped\"") != std::string::npos);
    CHECK(ended.output.find("stop hangs") == std::string::npos);
}

TEST_CASE("a process whose consumers hang for good is ended by the watchdog, after one deadline") {
    const auto ended = stop_while_hanging("elsewhere");
    INFO(ended.output);
    CHECK(ended.exit_code == 1);
    CHECK(ended.output.find("a consumer's handler hangs past the deadline") != std::string::npos);
    CHECK(ended.output.find("stop hangs: ending the process") != std::string::npos);
}

// Not a test of its own: the process that the two above start.
TEST_CASE("a service whose consumers hang", "[hanging-service]") {
    const auto where = environment_variable("TECNOCHAT_TEST_HANGS_IN");
    if (!where) return;
    // Before any thread: the signals of a stop are the main thread's to wait for.
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    Fixture fixture;
    const LockedTable locked(fixture.sandbox);
    const bool in_database = *where == "database";
    std::latch never(1);
    std::optional<Hanging> hanging;
    std::promise<void> made;
    ServiceSpec spec{"kit-test", "A service under test.", [](config::Options&) {}, nullptr};
    spec.make = [&](telemetry::Metrics&) {
        auto app = std::make_unique<TestApp>(test_steps, fixture);
        hanging.emplace(*app, [&, &pool = app->pool()](std::size_t) -> Status {
            if (in_database) return LockedTable::wait(pool);
            never.wait();
            return ok();
        });
        made.set_value();
        return app;
    };
    const std::jthread stopping([&] {
        made.get_future().wait();
        hanging->send_records();
        request_stop(0, "all consumers hang");
    });
    std::vector<std::string> arguments{"kit-test", "--drain-timeout-ms", "1500"};
    std::vector<char*> argv;
    for (auto& argument : arguments) argv.push_back(argument.data());
    const int exit_code = run_service(static_cast<int>(argv.size()), argv.data(), spec);
    std::fflush(nullptr);
    _exit(exit_code);
}
