// Goal: a send goes from `queued` to `wire` as it must: stored once, claimed by one worker at a
// time, in order, and let out only under the number's authority row. Method: the service's own
// statements and role on a real PostgreSQL (TECNOCHAT_TEST_POSTGRES_URL).
#include <catch2/catch.hpp>
#include <future>

#include "component/fixture.hpp"
#include "store/send_content.hpp"
#include "tecnochat/sealing/testing/faulty_sealer.hpp"
#include "tecnochat/testkit/eventually.hpp"

namespace tecnochat::whatsapp_connector::testing {
namespace {

using namespace std::chrono_literals;

std::vector<MessageId> ids(const std::vector<ClaimedSend>& sends) {
    std::vector<MessageId> found;
    for (const auto& send : sends) found.push_back(send.id);
    return found;
}

/// True once a statement of this database waits for another transaction's lock.
bool somebody_waits(Fixture& f) {
    return testkit::eventually(10s, [&] {
        return f.database.query(
                   "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                   "AND wait_event_type = 'Lock'"
               ) != "0";
    });
}

}  // namespace

TEST_CASE("a send that comes twice is stored once, as it came first") {
    Fixture f;
    f.insert({f.text(1), f.text(2), f.text(1)});
    auto changed = f.text(2);
    changed.body = "otro texto";
    f.insert({changed, f.text(3)});
    CHECK(f.database.query("SELECT count(*) FROM sends") == "3");
    CHECK(
        f.database.query(
            "SELECT string_agg(convert_from(body, 'UTF8'), ',' ORDER BY sequence) FROM sends"
        ) == "texto 1,texto 2,texto 3"
    );
}

TEST_CASE("a claim hands out everything the worker needs") {
    Fixture f;
    auto text = f.text(1);
    text.recipient = {"", "CO.1349"};
    text.body = "dijo \"sí\" \U0001F950";
    f.insert({text});
    const auto claimed = f.claim();
    REQUIRE(claimed.size() == 1);
    const auto& send = claimed.front();
    CHECK(send.tenant == f.tenant);
    CHECK(send.id == text.id);
    CHECK(send.phone_number_id == kNumber);
    CHECK(send.conversation == text.conversation);
    CHECK(send.contact == text.contact);
    CHECK(send.recipient.phone.empty());
    CHECK(send.recipient.user_id == "CO.1349");
    CHECK(send.body == text.body);
    CHECK(send.attempt == 1);
}

TEST_CASE("a claim takes one send per conversation, the oldest, and no more than asked for") {
    Fixture f;
    f.insert({f.text(1, 1), f.text(2, 1), f.text(3, 2), f.text(4, 3), f.text(5, 2)});
    CHECK(ids(f.claim(2)) == std::vector{message(1), message(3)});
    CHECK(ids(f.claim()) == std::vector{message(4)});
    CHECK(f.claim().empty());
}

TEST_CASE("nothing goes behind an outstanding send; an accepted or settled one lets the next go") {
    Fixture f;
    f.insert({f.text(1), f.text(2)});
    const auto first = f.claim();
    CHECK(f.claim().empty());  // claimed
    f.enter_wire(first);
    CHECK(f.claim().empty());  // wire
    SECTION("accepted") {
        f.record(first.front(), Accepted{"wamid.1"});
        CHECK(ids(f.claim()) == std::vector{message(2)});
    }
    SECTION("failed") {
        f.record(first.front(), Refused{131026, 0});
        CHECK(ids(f.claim()) == std::vector{message(2)});
    }
    SECTION("in doubt, until the echo") {
        f.record(first.front(), Doubtful{"5xx"});
        CHECK(f.claim().empty());
        f.echo(1, EchoKind::kDelivered, "wamid.1");
        CHECK(ids(f.claim()) == std::vector{message(2)});
    }
    SECTION("waiting for its next try") {
        f.record(first.front(), Refused{130429, 0});
        CHECK(f.state(1) == "queued");
        CHECK(f.column(1, "attempt") == "2");
        CHECK(f.claim().empty());
    }
}

TEST_CASE("two workers that claim at the same time share the sends and double none") {
    Fixture f;
    f.insert({f.text(1, 1), f.text(2, 1), f.text(3, 2)});
    auto one = f.begin();
    auto other = f.begin();
    const auto mine = f.sends.claim(one, "c-0", f.shares(1));
    Fixture::or_fail(mine);
    const auto theirs = f.sends.claim(other, "c-1", f.shares(10));
    Fixture::or_fail(theirs);
    CHECK(ids(*mine) == std::vector{message(1)});
    CHECK(ids(*theirs) == std::vector{message(3)});
    REQUIRE(one.commit());
    REQUIRE(other.commit());
}

TEST_CASE("a held-back send comes again after its pause") {
    Fixture f;
    f.insert({f.text(1), f.text_of_other_tenant(2)});
    const auto claimed = f.claim();
    REQUIRE(claimed.size() == 2);
    const std::vector<SendStore::Release> releases{
        {&claimed[0], Milliseconds(0)}, {&claimed[1], Milliseconds(3'600'000)}
    };
    f.commit([&](auto& transaction) { return f.sends.release(transaction, releases); });
    CHECK(ids(f.claim()) == std::vector{message(1)});
    CHECK(f.state(2) == "queued");
}

TEST_CASE("a worker that lost its claim changes nothing") {
    Fixture f;
    f.insert({f.text(1)});
    const auto lost = f.claim();
    f.commit([&](auto& transaction) { return f.sends.recover(transaction, "c-0", true, 30s); });
    const auto current = f.claim(10, "c-1");
    REQUIRE(current.size() == 1);

    CHECK(f.enter_wire(lost).empty());
    const std::vector<SendStore::Release> releases{{&lost.front(), Milliseconds(0)}};
    f.commit([&](auto& transaction) { return f.sends.release(transaction, releases); });
    CHECK(f.state(1) == "claimed");

    f.enter_wire(current);
    CHECK(f.record(lost.front(), Refused{131026, 0}).empty());
    CHECK(f.state(1) == "wire");
    REQUIRE(f.record(current.front(), Accepted{"wamid.1"}).size() == 1);
    CHECK(f.state(1) == "accepted");
}

TEST_CASE("entering the wire again after a lost commit answer is allowed to the same worker only") {
    Fixture f;
    f.insert({f.text(1)});
    const auto claimed = f.claim();
    f.enter_wire(claimed);
    const auto again = f.enter_wire(claimed);
    REQUIRE(again.size() == 1);
    CHECK(again.front().state == SendState::kWire);
}

TEST_CASE("a closed window and a number that may not send fail instead of going out") {
    Fixture f;
    auto late = f.text(1, 1);
    late.window_until = f.clock.now() - 1s;
    f.insert({late, f.text(2, 2), f.text_of_other_tenant(3)});
    f.database.run(
        "UPDATE channels SET state = 'suspended' WHERE phone_number_id = '206540352242922'"
    );
    const auto changes = f.enter_wire(f.claim());
    REQUIRE(changes.size() == 3);
    CHECK_FALSE(f.has_content(1));
    CHECK(f.has_content(2));
    CHECK_FALSE(f.has_content(3));
    for (const auto& change : changes) {
        if (change.id == message(1)) {
            CHECK(change.state == SendState::kFailed);
            CHECK(change.failure == Failure::kWindowClosed);
        } else if (change.id == message(2)) {
            CHECK(change.state == SendState::kWire);
            CHECK(change.failure == Failure::kNone);
        } else {
            CHECK(change.state == SendState::kFailed);
            CHECK(change.failure == Failure::kChannelNotConnected);
        }
    }
}

TEST_CASE("a send whose number has no authority row of its tenant is not connected") {
    Fixture f;
    f.insert({f.text(1)});
    SECTION("none at all") {
        f.database.run("DELETE FROM channels WHERE phone_number_id = '106540352242922'");
    }
    SECTION("another tenant's") {
        f.database.run("UPDATE channels SET tenant_id = '" + f.other_tenant.to_string() + "'");
    }
    const auto changes = f.enter_wire(f.claim());
    REQUIRE(changes.size() == 1);
    CHECK(changes.front().state == SendState::kFailed);
    CHECK(changes.front().failure == Failure::kChannelNotConnected);
}

TEST_CASE("a recipient that cannot be read fails its own send and no other") {
    Fixture f;
    int n = 0;
    for (const char* damaged : {"", "{", "[]", "{}", R"({"phone":7})", R"({"user_id":""})"}) {
        ++n;
        f.insert({f.text(n, n)});
        f.database.run(
            std::string("UPDATE sends SET recipient = '") + damaged + "' WHERE id = '" +
            message(n).to_string() + "'"
        );
    }
    f.insert({f.text(100, 100)});
    const auto changes = f.enter_wire(f.claim());
    CHECK(changes.size() == 7);
    for (const auto& change : changes) {
        const bool good = change.id == message(100);
        CHECK(change.state == (good ? SendState::kWire : SendState::kFailed));
        CHECK(change.failure == (good ? Failure::kNone : Failure::kContentUnreadable));
    }
    CHECK_FALSE(f.has_content(n));
}

TEST_CASE("content whose key is gone fails, content whose key cannot be asked for waits") {
    Fixture f;
    sealing::testing::FaultySealer vault(f.clock);
    std::vector<NewSend> texts{f.text(1, 1), f.text(2, 2), f.text(3, 3), f.text(4, 4)};
    std::vector<sealing::Person> people;
    for (auto& text : texts) {
        text.contact = ContactId(text.id.uuid());
        people.push_back({text.tenant, text.contact});
    }
    const auto keys = f.keys_of(texts, vault);
    f.commit([&](auto& transaction) { return f.sends.insert(transaction, texts, keys); });
    f.database.run("UPDATE sends SET body = 'damaged' WHERE id = '" + message(4).to_string() + "'");
    vault.erase(people[0]);
    vault.withhold(people[1]);
    auto claimed = f.commit([&](auto& transaction) {
        return f.sends.claim(transaction, "c-0", f.shares(10));
    });
    REQUIRE(claimed.size() == 4);
    send_content::open(claimed, f.keys_of(claimed, vault));
    f.enter_wire(claimed);
    CHECK(f.state(1) == "failed");
    CHECK(f.column(1, "failure") == "4");
    CHECK(f.state(2) == "queued");
    CHECK(f.column(2, "attempt") == "1");
    CHECK(f.state(3) == "wire");
    CHECK(f.state(4) == "failed");
    CHECK(f.column(4, "failure") == "4");
    CHECK(f.claim().empty());  // not at once again: others come first
    f.database.run("UPDATE sends SET next_attempt_at = now()");
    vault.hand_over(people[1]);
    auto again = f.commit([&](auto& transaction) {
        return f.sends.claim(transaction, "c-0", f.shares(10));
    });
    send_content::open(again, f.keys_of(again, vault));
    REQUIRE(again.size() == 1);
    CHECK(again.front().id == message(2));
    CHECK(again.front().body == "texto 2");
}

TEST_CASE("entering the wire waits for a disconnect under way, and then fails") {
    Fixture f;
    f.insert({f.text(1)});
    const auto claimed = f.claim();
    auto disconnect = f.begin();
    Fixture::or_fail(disconnect.execute(
        "UPDATE channels SET state = 'disconnected', epoch = epoch + 1 WHERE phone_number_id = $1",
        postgres::Params().add(kNumber)
    ));
    auto entering = std::async(std::launch::async, [&] { return f.enter_wire(claimed); });
    CHECK(somebody_waits(f));
    REQUIRE(disconnect.commit());
    const auto changes = entering.get();
    REQUIRE(changes.size() == 1);
    CHECK(changes.front().state == SendState::kFailed);
    CHECK(changes.front().failure == Failure::kChannelNotConnected);
}

TEST_CASE("a disconnect waits for those entering the wire before it") {
    Fixture f;
    f.insert({f.text(1)});
    const auto claimed = f.claim();
    auto entering = f.begin();
    Fixture::or_fail(f.sends.enter_wire(entering, claimed));
    auto disconnected = std::async(std::launch::async, [&] {
        f.commit([&](auto& transaction) {
            return transaction.execute(
                "UPDATE channels SET state = 'disconnected' WHERE phone_number_id = $1",
                postgres::Params().add(kNumber)
            );
        });
    });
    CHECK(somebody_waits(f));
    REQUIRE(entering.commit());
    disconnected.get();
    CHECK(f.state(1) == "wire");
}

TEST_CASE("two sends of one number enter the wire side by side") {
    Fixture f;
    f.insert({f.text(1, 1), f.text(2, 2)});
    const auto claimed = f.claim();
    REQUIRE(claimed.size() == 2);
    auto one = f.begin();
    auto other = f.begin();
    Fixture::or_fail(f.sends.enter_wire(one, {&claimed[0], 1}));
    Fixture::or_fail(f.sends.enter_wire(other, {&claimed[1], 1}));
    REQUIRE(one.commit());
    REQUIRE(other.commit());
}

TEST_CASE("a window that closes while a send waits for its number is closed") {
    Fixture f;
    auto brief = f.text(1);
    brief.window_until = SystemClock().now() + 1500ms;
    f.insert({brief});
    const auto claimed = f.claim();
    auto holder = f.begin();
    Fixture::or_fail(holder.execute(
        "UPDATE channels SET epoch = epoch + 1 WHERE phone_number_id = $1",
        postgres::Params().add(kNumber)
    ));
    auto entering = std::async(std::launch::async, [&] { return f.enter_wire(claimed); });
    CHECK(somebody_waits(f));
    CHECK(testkit::eventually(5s, [&] {
        return f.database.query("SELECT clock_timestamp() > window_until FROM sends") == "t";
    }));
    REQUIRE(holder.commit());
    const auto changes = entering.get();
    REQUIRE(changes.size() == 1);
    CHECK(changes.front().failure == Failure::kWindowClosed);
}

TEST_CASE("from queued to wire no index changes: every update is heap-only") {
    Fixture f;
    // Few enough that all versions find room beside their rows, whatever else holds back pruning.
    f.insert({f.text(1, 1), f.text(2, 2), f.text(3, 3), f.text(4, 4)});
    const auto others = [](postgres::Transaction& transaction) {
        const auto rows = transaction.execute(
            "SELECT n_tup_upd, n_tup_upd - n_tup_hot_upd AS others "
            "FROM pg_stat_xact_user_tables WHERE relid = 'sends'::regclass"
        );
        Fixture::or_fail(rows);
        CHECK((*rows)[0].number("n_tup_upd") >= 4);
        return (*rows)[0].number("others");
    };
    auto claimed = f.commit([&](auto& transaction) {
        auto sends = f.sends.claim(transaction, "c-0", f.shares(4));
        CHECK(others(transaction) == 0);
        return sends;
    });
    send_content::open(claimed, f.keys_of(claimed, f.sealer));
    f.commit([&](auto& transaction) {
        auto changes = f.sends.enter_wire(transaction, claimed);
        CHECK(others(transaction) == 0);
        return changes;
    });
    CHECK(f.state(4) == "wire");
}

TEST_CASE("a tenant's transaction neither sees nor writes another tenant's sends") {
    Fixture f;
    f.insert({f.text(1), f.text_of_other_tenant(2)});
    auto mine = postgres::Transaction::begin(f.pool, f.tenant, soon());
    Fixture::or_fail(mine);
    const auto claimed = f.sends.claim(*mine, "c-0", f.shares(10));
    Fixture::or_fail(claimed);
    CHECK(ids(*claimed) == std::vector{message(1)});
    const auto count = mine->execute("SELECT count(*) FROM sends");
    Fixture::or_fail(count);
    CHECK((*count)[0].number("count") == 1);
    const std::vector foreign{f.text_of_other_tenant(3)};
    Fixture::or_fail(f.sends.insert(*mine, foreign, f.keys_of(foreign, f.sealer)));
    const auto intruder = mine->commit();
    REQUIRE_FALSE(intruder);
    CHECK(intruder.error().code == ErrorCode::kPermissionDenied);
}

TEST_CASE("without a tenant nothing is seen at all") {
    Fixture f;
    f.insert({f.text(1)});
    auto nobody = postgres::Transaction::begin(f.pool, std::vector<TenantId>{}, soon());
    Fixture::or_fail(nobody);
    const auto claimed = f.sends.claim(*nobody, "c-0", f.shares(10));
    Fixture::or_fail(claimed);
    CHECK(claimed->empty());
}

TEST_CASE("a number of another tenant cannot be taken over") {
    Fixture f;
    auto transaction = postgres::Transaction::begin(f.pool, f.other_tenant, soon());
    Fixture::or_fail(transaction);
    const auto taken =
        f.channel_store.connect(*transaction, {kNumber, f.other_tenant, "501", "+57 1"});
    REQUIRE_FALSE(taken);
    CHECK(taken.error().reason == "CHANNEL_OF_ANOTHER_TENANT");
}

TEST_CASE("connecting a number again raises its epoch only when something changes") {
    Fixture f;
    const auto connect = [&](const std::string& display) {
        return f
            .commit([&](auto& transaction) {
                return f.channel_store.connect(transaction, {kNumber, f.tenant, "501", display});
            })
            .epoch;
    };
    CHECK(connect("+57 300 000 0142") == 1);
    CHECK(connect("+57 300 000 0143") == 2);
    f.database.run("UPDATE channels SET state = 'disconnected'");
    CHECK(connect("+57 300 000 0143") == 3);
}

}  // namespace tecnochat::whatsapp_connector::testing
