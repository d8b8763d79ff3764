#include "tecnochat/channels/directory.hpp"

#include <atomic>
#include <future>
#include <thread>

#include "fixture.hpp"
#include "tecnochat/testkit/eventually.hpp"

using namespace tecnochat;
using namespace tecnochat::channels;
using namespace tecnochat::channels::testing;
using testkit::eventually;

namespace {

constexpr Milliseconds kPatience{10'000};

/// Holds the first refresh of a directory between its read and its effect.
struct Gate {
    std::promise<void> read;
    std::promise<void> open;
    std::atomic<bool> used{false};

    Directory::Config config() {
        Directory::Config config;
        config.after_read = [this] {
            if (used.exchange(true)) return;
            read.set_value();
            open.get_future().wait();
        };
        return config;
    }
};

Directory::Config always_whole() {
    Directory::Config config;
    config.whole_every = Milliseconds(0);
    return config;
}

double failures(telemetry::Metrics& metrics) {
    return metrics.counter("tecnochat_channels_refresh_failures_total", "").value();
}

}  // namespace

TEST_CASE_METHOD(Table, "a number that is not in memory is looked up; an unknown one is missing") {
    store(channel(number, tenant, 1));
    const auto unknown = some_number();
    const auto found = find(directory, {number, unknown, number});
    REQUIRE(found.size() == 1);
    CHECK(found.at(number).value() == channel(number, tenant, 1));
    CHECK_FALSE(directory.ready());

    sandbox.go_away();
    CHECK(find(directory, {number}).size() == 1);  // from memory
    CHECK_FALSE(directory.find(std::vector{unknown}, soon()));
    sandbox.come_back();
}

TEST_CASE_METHOD(Table, "a change that another replica stored is seen without a call") {
    store(channel(number, tenant, 1));
    Directory::Config config;
    config.refresh_every = Milliseconds(10);
    Directory replica(pool, metrics, config);
    replica.start();
    REQUIRE(eventually(kPatience, [&] { return replica.ready(); }));
    CHECK(replica.tenants() == std::vector{tenant});

    const auto second = some_number();
    store(channel(number, tenant, 2, State::kDisconnected));
    store(channel(second, other, 1));
    REQUIRE(eventually(kPatience, [&] { return replica.tenants().size() == 2; }));
    REQUIRE(eventually(kPatience, [&] { return epoch_of(replica, number) == 2; }));
    CHECK(find(replica, {number}).at(number)->state == State::kDisconnected);
    replica.stop(soon());
}

TEST_CASE_METHOD(Table, "a slow refresh never overwrites a newer row") {
    store(channel(number, tenant, 1));
    Gate gate;
    Directory slow(pool, metrics, gate.config());
    auto refreshed = std::async(std::launch::async, [&] { return slow.refresh(soon()); });
    gate.read.get_future().wait();

    const auto changed = channel(number, other, 2, State::kDisconnected);
    const auto added = channel(some_number(), other, 1);
    store(changed);
    store(added);
    SECTION("that this process noted") {
        slow.note(changed);
        slow.note(added);
    }
    SECTION("that a faster refresh read") {
        REQUIRE(slow.refresh(soon()));
    }
    SECTION("that a look-up read") {
        CHECK(find(slow, {number, added.phone_number_id}).size() == 2);
    }
    gate.open.set_value();
    REQUIRE(refreshed.get());

    sandbox.go_away();  // so that memory must answer
    const auto found = find(slow, {number, added.phone_number_id});
    sandbox.come_back();
    CHECK(found.at(number).value() == changed);
    CHECK(found.at(added.phone_number_id).value() == added);
}

TEST_CASE_METHOD(Table, "an incremental refresh reads what changed lately, and no more") {
    REQUIRE(directory.refresh(soon()));
    REQUIRE(directory.ready());
    store(channel(number, tenant, 1));
    const auto old = some_number();
    store(channel(old, other, 1));
    sandbox.run(
        "UPDATE channels SET changed_at = now() - interval '1 hour' WHERE phone_number_id = '" +
        old + "'"
    );
    REQUIRE(directory.refresh(soon()));
    CHECK(directory.tenants() == std::vector{tenant});

    Directory whole(pool, metrics, always_whole());
    REQUIRE(whole.refresh(soon()));
    CHECK(whole.tenants().size() == 2);
}

TEST_CASE_METHOD(Table, "a change that is committed long after it was made is seen") {
    Directory::Config no_overlap;
    no_overlap.overlap = Milliseconds(0);
    Directory forgetful(pool, metrics, no_overlap);
    auto late = begin();
    REQUIRE(upsert(late, std::array{channel(number, tenant, 1)}));
    // Its changed_at lies before these reads, which do not see it yet.
    for (int time = 0; time < 3; ++time) {
        REQUIRE(directory.refresh(soon()));
        REQUIRE(forgetful.refresh(soon()));
    }
    REQUIRE(late.commit());
    REQUIRE(directory.refresh(soon()));
    REQUIRE(forgetful.refresh(soon()));
    CHECK(directory.tenants() == std::vector{tenant});
    CHECK(forgetful.tenants().empty());  // what the overlap is there for
}

TEST_CASE_METHOD(Table, "a number deleted in the table goes at a whole read") {
    store(channel(number, tenant, 1));
    Directory whole(pool, metrics, always_whole());
    REQUIRE(whole.refresh(soon()));
    REQUIRE(directory.refresh(soon()));
    sandbox.run("DELETE FROM channels WHERE phone_number_id = '" + number + "'");
    REQUIRE(directory.refresh(soon()));
    CHECK(directory.tenants() == std::vector{tenant});
    REQUIRE(whole.refresh(soon()));
    CHECK(whole.tenants().empty());
    CHECK(find(whole, {number}).empty());
}

TEST_CASE_METHOD(Table, "a state of a newer version is an error of the items that name it") {
    const auto strange = some_number();
    store(channel(number, tenant, 1));
    store(channel(strange, other, 1));
    sandbox.run("UPDATE channels SET state = 'paused' WHERE phone_number_id = '" + strange + "'");
    const auto check = [&] {
        const auto found = find(directory, {number, strange});
        CHECK(found.at(number));
        REQUIRE_FALSE(found.at(strange));
        CHECK(found.at(strange).error().code == ErrorCode::kDataLoss);
        CHECK(found.at(strange).error().reason == "UNKNOWN_WORD");
    };
    SECTION("when looked up") {
        check();
    }
    SECTION("when refreshed") {
        REQUIRE(directory.refresh(soon()));
        check();
        CHECK(directory.tenants().size() == 2);
    }
}

TEST_CASE_METHOD(Table, "a refresh that fails is counted, and leaves what is known") {
    store(channel(number, tenant, 1));
    REQUIRE(directory.refresh(soon()));
    sandbox.go_away();
    CHECK_FALSE(directory.refresh(soon()));
    CHECK(failures(metrics) == 1);
    CHECK(directory.ready());
    CHECK(directory.tenants() == std::vector{tenant});
    sandbox.come_back();
}

TEST_CASE_METHOD(Table, "a directory that starts without a database is ready once it has read") {
    store(channel(number, tenant, 1));
    sandbox.go_away();
    Directory::Config config;
    config.refresh_every = Milliseconds(10);
    Directory started(pool, metrics, config);
    started.start();
    REQUIRE(eventually(kPatience, [&] { return failures(metrics) >= 2; }));
    CHECK_FALSE(started.ready());
    sandbox.come_back();
    REQUIRE(eventually(kPatience, [&] { return started.ready(); }));
    CHECK(started.tenants() == std::vector{tenant});
}
