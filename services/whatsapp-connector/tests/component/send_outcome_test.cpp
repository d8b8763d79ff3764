// Goal: what becomes of a send on the wire: answers, echoes, silence and crashes each leave exactly
// one state, whatever their order. Method: the service's own statements on a real PostgreSQL
// (TECNOCHAT_TEST_POSTGRES_URL); time is a parameter.
#include <catch2/catch.hpp>

#include "component/fixture.hpp"
#include "domain/message_id.hpp"

namespace tecnochat::whatsapp_connector::testing {
namespace {

using namespace std::chrono_literals;

/// The time a send went on the wire.
Timestamp wire_at(Fixture& f, int n) {
    return from_unix_ms(std::stoll(f.column(n, "floor(extract(epoch FROM wire_at) * 1000)")));
}

std::vector<SendChange> expire(Fixture& f, Timestamp now) {
    return f.commit([&](auto& transaction) {
        return f.sends.expire_doubts(transaction, now, kPatience);
    });
}

void advance_watermark(Fixture& f, Timestamp latest) {
    const std::vector<Watermark> watermarks{{f.tenant, kNumber, latest}};
    f.commit([&](auto& transaction) { return f.sends.advance_watermarks(transaction, watermarks); }
    );
}

std::vector<SendChange> recover(
    Fixture& f, const std::string& instance, bool just_started, Milliseconds lease
) {
    return f.commit([&](auto& transaction) {
        return f.sends.recover(transaction, instance, just_started, lease);
    });
}

}  // namespace

TEST_CASE("an answer is recorded with Meta's id or error code") {
    Fixture f;
    SECTION("accepted") {
        const auto changes = f.record(f.on_wire(1), Accepted{"wamid.1"});
        REQUIRE(changes.size() == 1);
        CHECK(changes.front().state == SendState::kAccepted);
        CHECK(changes.front().wamid == "wamid.1");
    }
    SECTION("refused for good") {
        const auto changes = f.record(f.on_wire(1), Refused{131026, 0});
        REQUIRE(changes.size() == 1);
        CHECK(changes.front().state == SendState::kFailed);
        CHECK(changes.front().error_code == 131026);
    }
    SECTION("a definite later") {
        const auto changes = f.record(f.on_wire(1), NothingSent{"connect"});
        REQUIRE(changes.size() == 1);
        CHECK(changes.front().state == SendState::kQueued);
        CHECK(changes.front().attempt == 2);
    }
    SECTION("in doubt") {
        const auto changes = f.record(f.on_wire(1), Doubtful{"cut"});
        REQUIRE(changes.size() == 1);
        CHECK(changes.front().state == SendState::kInDoubt);
    }
}

TEST_CASE("a message id too long to keep, or one that Meta gave before, leaves no send open") {
    Fixture f;
    const std::string id(5000, 'A');
    const auto first = f.record(f.on_wire(1), Accepted{id});
    const auto second = f.record(f.on_wire(2), Accepted{id});
    for (const auto& changes : {first, second}) {
        REQUIRE(changes.size() == 1);
        CHECK(changes.front().state == SendState::kAccepted);
        CHECK(changes.front().wamid.size() == kMessageIdBytes);
    }
    // Each by its own send id, though both have the same id of Meta's.
    CHECK(f.echo(1, EchoKind::kFailed, first.front().wamid, 131026).size() == 1);
    CHECK(f.state(1) == "failed");
    CHECK(f.state(2) == "accepted");
    CHECK(f.echo(2, EchoKind::kDelivered, first.front().wamid).size() == 1);
    CHECK(f.state(2) == "sent");
}

TEST_CASE("an answer that is recorded twice counts once") {
    Fixture f;
    const auto send = f.on_wire(1);
    CHECK(f.record(send, Accepted{"wamid.1"}).size() == 1);
    CHECK(f.record(send, Accepted{"wamid.1"}).empty());
    CHECK(f.state(1) == "accepted");
}

TEST_CASE("an echo that is faster than the answer settles the send; the answer adds Meta's id") {
    Fixture f;
    const auto send = f.on_wire(1);
    const auto settled = f.echo(1, EchoKind::kDelivered, "");
    REQUIRE(settled.size() == 1);
    CHECK(settled.front().state == SendState::kSent);
    CHECK(f.record(send, Accepted{"wamid.1"}).empty());
    CHECK(f.state(1) == "sent");
    CHECK(f.column(1, "wamid") == "wamid.1");
}

TEST_CASE("a doubtful answer after the echo brings no doubt back") {
    Fixture f;
    const auto send = f.on_wire(1);
    f.echo(1, EchoKind::kDelivered, "wamid.1");
    CHECK(f.record(send, Doubtful{"cut"}).empty());
    CHECK(f.state(1) == "sent");
}

TEST_CASE("several echoes of one send in a batch leave the last word, a failure wins") {
    Fixture f;
    f.record(f.on_wire(1), Accepted{"wamid.1"});
    const std::vector<Echo> echoes{
        {f.tenant, message(1), EchoKind::kDelivered, "wamid.1", 0},
        {f.tenant, message(1), EchoKind::kFailed, "wamid.1", 131047},
        {f.tenant, message(1), EchoKind::kDelivered, "wamid.1", 0},
    };
    const auto changes =
        f.commit([&](auto& transaction) { return f.sends.apply_echoes(transaction, echoes); });
    REQUIRE(changes.size() == 1);
    CHECK(changes.front().state == SendState::kFailed);
    CHECK(changes.front().error_code == 131047);
    CHECK(f.echo(1, EchoKind::kDelivered, "wamid.1").empty());
    CHECK(f.state(1) == "failed");
}

TEST_CASE("an echo for a send that is not there, or another tenant's, changes nothing") {
    Fixture f;
    f.on_wire(1);
    CHECK(f.echo(99, EchoKind::kDelivered, "wamid.9").empty());
    const std::vector<Echo> foreign{{f.other_tenant, message(1), EchoKind::kDelivered, "wamid.1", 0}
    };
    CHECK(f.commit([&](auto& transaction) { return f.sends.apply_echoes(transaction, foreign); }
    ).empty());
    CHECK(f.state(1) == "wire");
}

TEST_CASE("a state word of a newer version stops its own send's echo and no other") {
    Fixture f;
    f.record(f.on_wire(1), Accepted{"wamid.1"});
    f.record(f.on_wire(2), Accepted{"wamid.2"});
    f.database.run("ALTER TABLE sends DROP CONSTRAINT sends_state_check");
    f.database.run("UPDATE sends SET state = 'paused' WHERE id = '" + message(1).to_string() + "'");
    const std::vector<Echo> echoes{
        {f.tenant, message(1), EchoKind::kDelivered, "wamid.1", 0},
        {f.tenant, message(2), EchoKind::kDelivered, "wamid.2", 0},
    };
    const auto changes =
        f.commit([&](auto& transaction) { return f.sends.apply_echoes(transaction, echoes); });
    REQUIRE(changes.size() == 1);
    CHECK(changes.front().id == message(2));
    CHECK(f.state(1) == "paused");
}

TEST_CASE("a doubt becomes unknown after T once a later status of its number has passed") {
    Fixture f;
    f.record(f.on_wire(1), Doubtful{"cut"});
    const auto sent = wire_at(f, 1);
    CHECK(expire(f, sent + 2 * kPatience - 1ms).empty());
    advance_watermark(f, sent + 5s);
    advance_watermark(f, sent - 5s);  // a late, older status takes nothing back
    CHECK(expire(f, sent + kPatience - 1ms).empty());
    const auto expired = expire(f, sent + kPatience);
    REQUIRE(expired.size() == 1);
    CHECK(expired.front().state == SendState::kUnknown);
    CHECK(expire(f, sent + kPatience).empty());
}

TEST_CASE("without any status a doubt becomes unknown after 2 T, and a late echo still settles it"
) {
    Fixture f;
    f.record(f.on_wire(1), Doubtful{"cut"});
    const auto sent = wire_at(f, 1);
    REQUIRE(expire(f, sent + 2 * kPatience).size() == 1);
    CHECK(f.state(1) == "unknown");
    const auto settled = f.echo(1, EchoKind::kDelivered, "wamid.1");
    REQUIRE(settled.size() == 1);
    CHECK(settled.front().state == SendState::kSent);
    CHECK(f.column(1, "wamid") == "wamid.1");
}

TEST_CASE("an accepted send that no status tells of counts as sent, and a late failure still wins"
) {
    Fixture f;
    f.record(f.on_wire(1), Accepted{"wamid.1"});
    f.record(f.on_wire(2), Doubtful{"cut"});
    f.record(f.on_wire(3), Refused{131026, 0});
    f.on_wire(4);
    f.record(f.on_wire(5), Accepted{"wamid.5"});
    f.echo(5, EchoKind::kFailed, "wamid.5", 131047);
    const auto settle = [&](Timestamp accepted_before) {
        return f.commit([&](auto& transaction) {
            return f.sends.settle_silent(transaction, accepted_before);
        });
    };
    CHECK(settle(wire_at(f, 1) - 1ms).empty());
    const auto settled = settle(wire_at(f, 5) + 1ms);
    REQUIRE(settled.size() == 1);
    CHECK(settled.front().id == message(1));
    CHECK(settled.front().state == SendState::kSent);
    CHECK(settled.front().wamid == "wamid.1");
    CHECK(settle(wire_at(f, 5) + 1ms).empty());
    CHECK(f.state(2) == "in_doubt");
    CHECK(f.state(3) == "failed");
    CHECK(f.state(4) == "wire");
    CHECK(f.state(5) == "failed");
    REQUIRE(f.echo(1, EchoKind::kFailed, "wamid.1", 131047).size() == 1);
    CHECK(f.state(1) == "failed");
}

TEST_CASE("an answer that comes after the lease doubted its send is believed") {
    Fixture f;
    const auto refused = f.on_wire(1);
    const auto accepted = f.on_wire(2);
    const auto echoed = f.on_wire(3);
    REQUIRE(recover(f, "c-0", true, 30s).size() == 3);
    f.echo(3, EchoKind::kDelivered, "wamid.3");
    REQUIRE(f.record(refused, NothingSent{"connect"}).size() == 1);
    CHECK(f.state(1) == "queued");
    CHECK(f.column(1, "attempt") == "2");
    REQUIRE(f.record(accepted, Accepted{"wamid.2"}).size() == 1);
    CHECK(f.state(2) == "accepted");
    CHECK(f.record(echoed, NothingSent{"connect"}).empty());
    CHECK(f.state(3) == "sent");
}

TEST_CASE("a status of another number says nothing about a doubt") {
    Fixture f;
    f.record(f.on_wire(1), Doubtful{"cut"});
    const auto sent = wire_at(f, 1);
    const std::vector<Watermark> other{{f.other_tenant, kOtherNumber, sent + 8s}};
    f.commit([&](auto& transaction) { return f.sends.advance_watermarks(transaction, other); });
    CHECK(expire(f, sent + 2 * kPatience - 1ms).empty());
}

TEST_CASE("content goes with the answer that says that its send is never posted again") {
    Fixture f;
    const auto send = f.on_wire(1);
    CHECK(f.has_content(1));
    SECTION("accepted") {
        f.record(send, Accepted{"wamid.1"});
    }
    SECTION("refused for good") {
        f.record(send, Refused{131026, 0});
    }
    SECTION("in doubt") {
        f.record(send, Doubtful{"cut"});
    }
    SECTION("an echo that is faster than the answer") {
        f.echo(1, EchoKind::kDelivered, "wamid.1");
    }
    CHECK_FALSE(f.has_content(1));
    f.insert({f.text(1, 1)});
    CHECK_FALSE(f.has_content(1));  // the order that comes again brings nothing back
}

TEST_CASE("content stays while a living worker may still say that nothing went out") {
    Fixture f;
    const auto send = f.on_wire(1);
    recover(f, "c-0", true, 30s);
    CHECK(f.state(1) == "in_doubt");
    CHECK(f.has_content(1));
    SECTION("it does") {
        f.record(send, NothingSent{"connect"});
        f.database.run("UPDATE sends SET next_attempt_at = now()");
        const auto again = f.claim();
        REQUIRE(again.size() == 1);
        CHECK(again.front().body == send.body);
        CHECK(again.front().recipient.phone == send.recipient.phone);
        return;
    }
    SECTION("it says something else") {
        f.record(send, Accepted{"wamid.1"});
    }
    SECTION("the echo settles it") {
        f.echo(1, EchoKind::kFailed, "wamid.1", 131047);
    }
    SECTION("silence settles it") {
        expire(f, wire_at(f, 1) + 2 * kPatience);
    }
    CHECK_FALSE(f.has_content(1));
}

TEST_CASE("the table refuses content that nobody needs") {
    Fixture f;
    f.on_wire(1);
    CHECK_THROWS(f.database.run("UPDATE sends SET state = 'accepted'"));
}

TEST_CASE("settled sends are forgotten after their time, a few at once, and no others ever") {
    Fixture f;
    f.record(f.on_wire(1), Accepted{"wamid.1"});
    f.echo(1, EchoKind::kDelivered, "wamid.1");
    f.record(f.on_wire(2), Refused{131026, 0});
    f.record(f.on_wire(3), Doubtful{"cut"});
    expire(f, wire_at(f, 3) + 2 * kPatience);
    f.record(f.on_wire(4), Doubtful{"cut"});
    f.record(f.on_wire(5), Accepted{"wamid.5"});
    f.on_wire(6);
    f.insert({f.text(7, 7)});
    REQUIRE(f.claim().size() == 1);
    f.insert({f.text(8, 8)});
    const auto forget = [&](Timestamp older_than, int limit) {
        return f.commit([&](auto& transaction) {
            return f.sends.forget(transaction, older_than, limit);
        });
    };
    CHECK(forget(wire_at(f, 1) - 1ms, 100) == 0);
    const auto later = SystemClock().now() + 1h;
    CHECK(forget(later, 2) == 2);
    CHECK(forget(later, 2) == 1);
    CHECK(forget(later, 2) == 0);
    CHECK(
        f.database.query("SELECT string_agg(state, ' ' ORDER BY sequence) FROM sends") ==
        "in_doubt accepted wire claimed queued"
    );
}

TEST_CASE("after a restart claims go back to the queue and what was on the wire is in doubt") {
    Fixture f;
    f.on_wire(1);
    f.insert({f.text(2, 2)});
    REQUIRE(f.claim().size() == 1);
    SECTION("of this instance") {
        const auto changes = recover(f, "c-0", true, 30s);
        REQUIRE(changes.size() == 1);
        CHECK(changes.front().id == message(1));
        CHECK(changes.front().state == SendState::kInDoubt);
        CHECK(f.state(2) == "queued");
    }
    SECTION("of another, which may be at work") {
        CHECK(recover(f, "c-1", true, 30s).empty());
        CHECK(f.state(1) == "wire");
        CHECK(f.state(2) == "claimed");
    }
    SECTION("of another, whose lease is over") {
        f.database.run(
            "UPDATE sends SET claimed_at = now() - interval '31 s', "
            "wire_at = now() - interval '31 s'"
        );
        CHECK(recover(f, "c-1", false, 30s).size() == 1);
        CHECK(f.state(1) == "in_doubt");
        CHECK(f.state(2) == "queued");
    }
}

TEST_CASE("a send in a state that this version does not know holds up no other's recovery") {
    Fixture f;
    f.on_wire(1);
    f.on_wire(2);
    f.put_in_unknown_state(1, "in_doubt");
    const auto changes = recover(f, "c-0", true, 30s);
    REQUIRE(changes.size() == 1);
    CHECK(changes.front().id == message(2));
    CHECK(f.state(1) == "boosted");
}

}  // namespace tecnochat::whatsapp_connector::testing
