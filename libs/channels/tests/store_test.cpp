#include "tecnochat/channels/store.hpp"

#include <future>

#include "fixture.hpp"
#include "tecnochat/testkit/eventually.hpp"

using namespace tecnochat;
using namespace tecnochat::channels;
using namespace tecnochat::channels::testing;
using testkit::eventually;

namespace {

constexpr Milliseconds kPatience{10'000};

void check_changed(const Status& status) {
    REQUIRE_FALSE(status);
    CHECK(status.error().code == ErrorCode::kAborted);
    CHECK(status.error().reason == kChannelChanged);
}

// A lock that somebody else holds, with begin_impatient().
void check_would_wait(const Status& status) {
    REQUIRE_FALSE(status);
    CHECK(status.error().code == ErrorCode::kAborted);
    CHECK(status.error().reason == "55P03");
}

}  // namespace

TEST_CASE_METHOD(Table, "of each number the newest epoch stays") {
    const auto second = some_number();
    auto transaction = begin();
    REQUIRE(upsert(
        transaction,
        std::array{
            channel(number, tenant, 2),
            channel(second, tenant, 1),
            channel(number, tenant, 3, State::kSuspended),
            channel(number, tenant, 1)
        }
    ));
    REQUIRE(transaction.commit());
    CHECK(stored_epoch(number) == 3);
    store(channel(number, other, 3));
    store(channel(number, other, 2));
    CHECK(
        find(directory, {number}).at(number).value() ==
        channel(number, tenant, 3, State::kSuspended)
    );
    store(channel(number, other, 4));
    CHECK(stored_epoch(number) == 4);
    auto nothing = begin();
    CHECK(upsert(nothing, {}));
}

TEST_CASE_METHOD(Table, "a claim that holds is confirmed; a suspended number may receive") {
    store(channel(number, tenant, 1));
    auto transaction = begin();
    const auto claims = std::array{Claim{number, tenant}, Claim{number, tenant}};
    CHECK(confirm(transaction, directory, claims));
    CHECK(confirm(transaction, directory, {}));
    REQUIRE(transaction.commit());
    store(channel(number, tenant, 2, State::kSuspended));
    auto later = begin();
    CHECK(confirm_one(later, tenant));
}

TEST_CASE_METHOD(Table, "what the directory still believes is refused, and then read anew") {
    store(channel(number, tenant, 5));
    const auto untouched = some_number();
    store(channel(untouched, tenant, 1));
    REQUIRE(directory.refresh(soon()));
    const auto believed = find(directory, {number}).at(number).value();
    REQUIRE(believed.tenant == tenant);
    std::optional<Channel> expected;
    SECTION("disconnected") {
        expected = channel(number, tenant, 6, State::kDisconnected);
        store(*expected);
    }
    SECTION("handed to another tenant") {
        expected = channel(number, other, 6);
        store(*expected);
    }
    SECTION("handed to another tenant, in a table that was made anew") {
        sandbox.run("DELETE FROM channels WHERE phone_number_id = '" + number + "'");
        expected = channel(number, other, 1);
        store(*expected);
    }
    SECTION("gone") {
        sandbox.run("DELETE FROM channels WHERE phone_number_id = '" + number + "'");
    }
    auto transaction = begin();
    check_changed(
        confirm(transaction, directory, std::array{Claim{untouched, tenant}, Claim{number, tenant}})
    );

    const auto found = find(directory, {number, untouched});
    CHECK(found.at(untouched).value() == channel(untouched, tenant, 1));
    REQUIRE(found.contains(number) == expected.has_value());
    if (expected) CHECK(found.at(number).value() == *expected);
}

TEST_CASE_METHOD(
    Table, "a number in a state of a newer version is read anew: an item's error then"
) {
    store(channel(number, tenant, 1));
    REQUIRE(directory.refresh(soon()));
    sandbox.run("UPDATE channels SET state = 'paused', epoch = 2");
    auto transaction = begin();
    check_changed(confirm_one(transaction, tenant));
    CHECK(find(directory, {number}).at(number).error().reason == "UNKNOWN_WORD");
}

TEST_CASE_METHOD(Table, "a disconnect waits for whoever has confirmed") {
    store(channel(number, tenant, 1));
    auto storing = begin();
    auto beside = begin();
    REQUIRE(confirm_one(storing, tenant));
    REQUIRE(confirm_one(beside, tenant));  // others may store meanwhile
    REQUIRE(beside.commit());
    {
        auto impatient = begin_impatient();
        check_would_wait(
            upsert(impatient, std::array{channel(number, tenant, 2, State::kDisconnected)})
        );
    }
    const auto backend = backend_of(storing);
    auto disconnecting = std::async(std::launch::async, [&]() -> Status {
        auto transaction = postgres::Transaction::begin(pool, kNoTenants, soon());
        if (!transaction) return transaction.error();
        TECNOCHAT_CHECK(
            upsert(*transaction, std::array{channel(number, tenant, 2, State::kDisconnected)})
        );
        return transaction->commit();
    });
    REQUIRE(eventually(kPatience, [&] { return blocks_somebody(backend); }));
    CHECK(stored_epoch(number) == 1);
    REQUIRE(storing.commit());
    CHECK(disconnecting.get());
    CHECK(stored_epoch(number) == 2);
}

TEST_CASE_METHOD(Table, "whoever confirms waits for a disconnect, and then stores nothing") {
    store(channel(number, tenant, 1));
    REQUIRE(directory.refresh(soon()));
    auto disconnecting = begin();
    REQUIRE(upsert(disconnecting, std::array{channel(number, tenant, 2, State::kDisconnected)}));
    {
        auto impatient = begin_impatient();
        check_would_wait(confirm_one(impatient, tenant));
    }
    const auto backend = backend_of(disconnecting);
    auto storing = std::async(std::launch::async, [&]() -> Status {
        auto transaction = postgres::Transaction::begin(pool, kNoTenants, soon());
        if (!transaction) return transaction.error();
        return confirm_one(*transaction, tenant);
    });
    REQUIRE(eventually(kPatience, [&] { return blocks_somebody(backend); }));
    REQUIRE(disconnecting.commit());
    check_changed(storing.get());
    CHECK(find(directory, {number}).at(number)->state == State::kDisconnected);
}

TEST_CASE_METHOD(Table, "known tells which numbers are in the table") {
    store(channel(number, tenant, 1, State::kDisconnected));
    auto transaction = begin();
    const auto found = known(transaction, std::vector{number, some_number()});
    REQUIRE(found);
    CHECK(*found == std::set{number});
    CHECK(known(transaction, {})->empty());
}

TEST_CASE_METHOD(Table, "a number's first event waits for whoever lets its messages wait") {
    auto waiting = begin();
    auto beside = begin();
    const std::vector<std::string> numbers{number, some_number()};
    REQUIRE(lock_unknown(waiting, numbers));
    REQUIRE(lock_unknown(beside, numbers));  // others may wait meanwhile
    REQUIRE(beside.commit());
    {
        auto impatient = begin_impatient();
        check_would_wait(upsert(impatient, std::array{channel(number, tenant, 1)}));
    }
    store(channel(some_number(), tenant, 1));  // of other numbers nobody waits
    REQUIRE(waiting.commit());
    store(channel(number, tenant, 1));
    CHECK(stored_epoch(number) == 1);
}

TEST_CASE_METHOD(Table, "no message starts to wait while its channel event is being stored") {
    auto storing = begin();
    REQUIRE(upsert(storing, std::array{channel(number, tenant, 1)}));
    {
        auto impatient = begin_impatient();
        check_would_wait(lock_unknown(impatient, std::array{number}));
    }
    const auto backend = backend_of(storing);
    auto waiting = std::async(std::launch::async, [&]() -> Status {
        auto transaction = postgres::Transaction::begin(pool, kNoTenants, soon());
        if (!transaction) return transaction.error();
        return lock_unknown(*transaction, std::array{number});
    });
    REQUIRE(eventually(kPatience, [&] { return blocks_somebody(backend); }));
    REQUIRE(storing.commit());
    check_changed(waiting.get());
}
