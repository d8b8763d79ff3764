// What happens on its own: the inbox forgets, the directory follows the table, turns end.
#include "use_cases/housekeeping.hpp"

#include <catch2/catch.hpp>

#include "component/fixture.hpp"
#include "tecnochat/testkit/eventually.hpp"

namespace tecnochat::message_router::testing {
namespace {

using namespace std::chrono_literals;

// The housekeeping of one replica.
struct Housekeeper {
    explicit Housekeeper(Router& router)
        : directory(router.directory),
          end_overdue_turns(
              router.reach, router.outbox, router.router_metrics, router.clock, 10min
          ),
          housekeeping(router.pool, router.directory, end_overdue_turns, router.settle_waiting) {
        router.directory.start();
        housekeeping.start();
    }

    void stop() {
        housekeeping.stop(Deadline::after(5s));
        directory.stop(Deadline::after(5s));
    }

    channels::Directory& directory;
    EndOverdueTurns end_overdue_turns;
    Housekeeping housekeeping;
};

TEST_CASE("after 14 days the inbox forgets, not before") {
    Router router;
    router.take_text("wamid.old", "hola");
    router.take_text("wamid.young", "hola");
    router.database.run(
        "UPDATE inbox SET received_at = now() - CASE event_id WHEN 'wamid.old' THEN interval '14 days 1 minute' "
        "ELSE interval '13 days 23 hours' END"
    );
    Housekeeper housekeeper(router);
    CHECK(testkit::eventually(10s, [&] {
        return router.database.query("SELECT string_agg(event_id, ',') FROM inbox") ==
               "wamid.young";
    }));
    housekeeper.stop();
}

TEST_CASE("after 14 days what was set aside is forgotten, not before") {
    Router router;
    for (const auto* wamid : {"wamid.old", "wamid.young"}) {
        auto message = router.text_message(wamid, "hola");
        message.set_group_id("Y2Fw");
        router.take(router.receive_inbound, {Router::record(message)});
    }
    router.database.run(
        "UPDATE set_aside_messages SET received_at = now() - CASE WHEN "
        "position('wamid.old'::bytea IN value) > 0 THEN interval '14 days 1 minute' "
        "ELSE interval '13 days 23 hours' END"
    );
    Housekeeper housekeeper(router);
    CHECK(testkit::eventually(10s, [&] {
        return router.database.count("SELECT count(*) FROM set_aside_messages") == 1;
    }));
    CHECK(
        router.database.count("SELECT count(*) FROM set_aside_messages WHERE "
                              "position('wamid.young'::bytea IN value) > 0") == 1
    );
    housekeeper.stop();
}

TEST_CASE("an event that another replica took reaches this one by the table") {
    Router router;
    router.database.run(
        std::string(
            "UPDATE channels SET state = 'disconnected', epoch = 2, changed_at = clock_timestamp() WHERE phone_number_id = '"
        ) +
        kNumber + "'"
    );
    Housekeeper housekeeper(router);
    const std::string numbers[] = {kNumber};
    CHECK(testkit::eventually(10s, [&] {
        const auto found = router.directory.find(numbers, Deadline::after(5s));
        return found && found->at(kNumber) &&
               found->at(kNumber)->state == channels::State::kDisconnected;
    }));
    housekeeper.stop();
}

TEST_CASE("housekeeping ends what is overdue") {
    Router router;
    router.take_text("wamid.1", "hola");
    router.clock.advance(10min);
    Housekeeper housekeeper(router);
    CHECK(testkit::eventually(10s, [&] {
        return router.database.query("SELECT outcome FROM turns") == "handover";
    }));
    housekeeper.stop();
}

TEST_CASE("what channel.events cannot mean is a dead letter, tombstones are passed over") {
    Router router;
    kafka::Record tombstone;
    kafka::Record broken;
    broken.topic = "channel.events";
    broken.value = "\xff";
    router.take(
        router.update_channels, {tombstone, broken, router.channel("300", router.tenant, 1)}
    );
    CHECK(router.dead_letter_count("channel.events", "unparsable") == 1);
    CHECK(
        router.database.count("SELECT count(*) FROM channels WHERE phone_number_id = '300'") == 1
    );
}

}  // namespace
}  // namespace tecnochat::message_router::testing
