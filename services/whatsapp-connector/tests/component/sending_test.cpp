// Goal: the machinery between queue and wire posts every send at most once, in order, through
// refusals, doubts, limits and a database that goes away. Method: dispatcher, recorder and
// maintenance as the service wires them, on a real PostgreSQL (TECNOCHAT_TEST_POSTGRES_URL), a
// broker inside this process, and a Graph API that answers as told.
#include <algorithm>
#include <catch2/catch.hpp>
#include <future>
#include <latch>
#include <map>

#include "component/fakes.hpp"
#include "component/fixture.hpp"
#include "store/send_queues.hpp"
#include "tecnochat/kafka/topics.hpp"
#include "tecnochat/sealing/testing/faulty_sealer.hpp"
#include "tecnochat/testkit/eventually.hpp"
#include "tecnochat/whatsapp/opaque.hpp"
#include "use_cases/dispatcher.hpp"
#include "use_cases/maintenance.hpp"

namespace tecnochat::whatsapp_connector::testing {
namespace {

using namespace std::chrono_literals;

constexpr const char* kInstance = "c-0";

struct Sending : PublishingFixture {
    explicit Sending(FakeGraph::Answer answer = FakeGraph::accept) : graph(std::move(answer)) {}
    ~Sending() { stop(); }

    void start() {
        outbox.start();
        recorder.start([this](const auto& numbers) { dispatcher.wake(numbers); });
        dispatcher.start();
        maintenance.start();
    }
    void stop() {
        dispatcher.stop(soon());
        recorder.stop(soon());
        maintenance.stop(soon());
        outbox.stop(soon());
    }
    void insert_sealed(const std::vector<NewSend>& texts) {
        const auto keys = keys_of(texts, vault);
        commit([&](auto& transaction) { return sends.insert(transaction, texts, keys); });
    }
    void send(const std::vector<NewSend>& texts) {
        insert_sealed(texts);
        dispatcher.wake(numbers_of(texts));
    }
    bool becomes(int n, const std::string& wanted) {
        return testkit::eventually(15s, [&] { return state(n) == wanted; });
    }
    [[nodiscard]] int posts_of(int n) const {
        const auto posts = graph.posts();
        return static_cast<int>(std::count_if(posts.begin(), posts.end(), [&](const auto& post) {
            return post.send.id == message(n);
        }));
    }

    sealing::testing::FaultySealer vault{clock};
    FakeGraph graph;
    FakeLimiter limiter;
    whatsapp::OpaqueCodec opaque{"test ingest key"};
    Recorder recorder{pool, sends, outbox, clock, metrics};
    Dispatcher dispatcher{
        {kInstance, 8},
        {pool, directory, sends, outbox, vault},
        {limiter, graph, opaque, recorder},
        clock,
        metrics
    };
    Maintenance maintenance{
        {kInstance, {.patience = kPatience, .silence = 24h, .kept = 48h}},
        {pool, directory, sends, outbox},
        clock,
        metrics,
        [this](const auto& numbers) { dispatcher.wake(numbers); }
    };
};

/// The event ids on whatsapp.sent for one send, in order.
std::vector<std::string> updates_of(const std::vector<kafka::Record>& records, int n) {
    std::vector<std::string> found;
    const auto prefix = message(n).to_string() + ":";
    for (const auto& record : records) {
        const std::string id(record.event_id());
        if (id.starts_with(prefix)) found.push_back(id.substr(prefix.size()));
    }
    return found;
}

}  // namespace

TEST_CASE("texts of a conversation leave in order, one outstanding at a time") {
    Guarded<std::map<ConversationId, int>> outstanding;
    std::atomic<int> overlaps = 0;
    Sending s([&](const ClaimedSend& send) {
        outstanding.with([&](auto& all) {
            if (++all[send.conversation] > 1) ++overlaps;
        });
        const auto answer = FakeGraph::accept(send);
        outstanding.with([&](auto& all) { --all[send.conversation]; });
        return answer;
    });
    s.start();
    std::vector<NewSend> texts;
    for (int n = 0; n < 60; ++n) texts.push_back(s.text(n, n % 3));
    s.send(texts);
    CHECK(testkit::eventually(20s, [&] {
        return s.database.query("SELECT count(*) FROM sends WHERE state = 'accepted'") == "60";
    }));
    CHECK(overlaps == 0);
    const auto posts = s.graph.posts();
    REQUIRE(posts.size() == 60);
    for (int c = 0; c < 3; ++c) {
        int next = c;
        for (const auto& post : posts) {
            if (post.send.conversation != conversation(c)) continue;
            CHECK(post.send.id == message(next));
            next += 3;
        }
    }
}

TEST_CASE("a send is posted only once the database says that it is on the wire") {
    std::promise<std::string> seen;
    Sending* sending = nullptr;
    Sending s([&](const ClaimedSend& send) {
        // Another connection than the dispatcher's: it shows only what is committed.
        seen.set_value(sending->state(1));
        return FakeGraph::accept(send);
    });
    sending = &s;
    s.start();
    s.send({s.text(1)});
    auto state_when_posted = seen.get_future();
    REQUIRE(state_when_posted.wait_for(15s) == std::future_status::ready);
    CHECK(state_when_posted.get() == "wire");
}

TEST_CASE("the router is told of each outcome once, under the conversation's key") {
    Sending s([](const ClaimedSend& send) -> GraphAnswer {
        if (send.id == message(2)) return Refused{131026, 0};
        return FakeGraph::accept(send);
    });
    s.start();
    auto late = s.text(3, 3);
    late.window_until = s.clock.now() - 1s;
    s.send({s.text(1, 1), s.text(2, 2), late});
    const auto records = read_topic(s.cluster, kafka::topics::kWhatsappSent, 3);
    REQUIRE(records.size() == 3);
    CHECK(updates_of(records, 1) == std::vector<std::string>{"accepted:1"});
    CHECK(updates_of(records, 2) == std::vector<std::string>{"failed:1"});
    CHECK(updates_of(records, 3) == std::vector<std::string>{"failed:1"});
    for (const auto& record : records) {
        whatsapp::v1::SendUpdate update;
        REQUIRE(update.ParseFromString(record.value));
        CHECK(record.key == update.conversation_id());
        CHECK(record.header("tenantid") == s.tenant.to_string());
        if (update.send_id() == message(1).to_string())
            CHECK(update.message_id() == "wamid." + update.send_id());
        if (update.send_id() == message(2).to_string()) CHECK(update.error_code() == 131026);
        if (update.send_id() == message(3).to_string())
            CHECK(update.failure() == whatsapp::v1::SEND_FAILURE_WINDOW_CLOSED);
    }
    CHECK(s.posts_of(3) == 0);
}

TEST_CASE("a definite no is posted again as the next attempt, and later texts wait for it") {
    std::atomic<int> refusals = 1;
    Sending s([&](const ClaimedSend& send) -> GraphAnswer {
        if (send.id == message(1) && refusals-- > 0) return NothingSent{"connect"};
        return FakeGraph::accept(send);
    });
    s.start();
    s.send({s.text(1), s.text(2)});
    REQUIRE(s.becomes(2, "accepted"));
    const auto posts = s.graph.posts();
    REQUIRE(posts.size() == 3);
    CHECK(s.opaque.decode(posts[0].opaque) == whatsapp::Opaque{message(1), 1});
    CHECK(s.opaque.decode(posts[1].opaque) == whatsapp::Opaque{message(1), 2});
    CHECK(s.opaque.decode(posts[2].opaque) == whatsapp::Opaque{message(2), 1});
}

TEST_CASE("a doubtful send is never posted again: silence makes it unknown, then the next goes") {
    Sending s([](const ClaimedSend& send) -> GraphAnswer {
        if (send.id == message(1)) return Doubtful{"cut"};
        return FakeGraph::accept(send);
    });
    s.start();
    s.send({s.text(1), s.text(2)});
    REQUIRE(s.becomes(1, "in_doubt"));
    CHECK(s.state(2) == "queued");
    s.clock.advance(2 * kPatience + 1s);
    REQUIRE(s.becomes(1, "unknown"));
    REQUIRE(s.becomes(2, "accepted"));
    CHECK(s.posts_of(1) == 1);
    const auto records = read_topic(s.cluster, kafka::topics::kWhatsappSent, 3);
    CHECK(updates_of(records, 1) == std::vector<std::string>{"in_doubt:1", "unknown:1"});
}

TEST_CASE("an answer that comes while the database is away is recorded when it is back") {
    std::latch posted(1);
    std::latch answer(1);
    Sending s([&](const ClaimedSend& send) {
        posted.count_down();
        answer.wait();
        return FakeGraph::accept(send);
    });
    s.start();
    s.send({s.text(1)});
    posted.wait();
    s.database.go_away();
    answer.count_down();
    CHECK_FALSE(s.pool.reachable());
    s.database.come_back();
    REQUIRE(s.becomes(1, "accepted"));
    CHECK(s.posts_of(1) == 1);
    CHECK(read_topic(s.cluster, kafka::topics::kWhatsappSent, 1).size() == 1);
}

TEST_CASE("an answer the database refuses holds up no other; its send falls in doubt") {
    std::atomic<std::size_t> recorded = 0;
    Sending s;
    const auto first = s.on_wire(1);
    const auto second = s.on_wire(2);
    const auto third = s.on_wire(3);
    s.database.run(
        "ALTER TABLE sends ADD CONSTRAINT refused CHECK (wamid IS DISTINCT FROM 'wamid.refused')"
    );
    // Added before the start: one batch.
    s.recorder.add({first, Accepted{"wamid.1"}});
    s.recorder.add({second, Accepted{"wamid.refused"}});
    s.recorder.add({third, Refused{131026, 0}});
    s.recorder.start([&](const auto& numbers) { recorded += numbers.size(); });
    CHECK(testkit::eventually(15s, [&] { return recorded == 3; }));
    CHECK(s.state(1) == "accepted");
    CHECK(s.state(2) == "wire");
    CHECK(s.state(3) == "failed");
    CHECK(s.metrics.counter("tecnochat_send_answers_refused_total", "").value() == 1);
    REQUIRE(s.maintenance.recover_own());
    CHECK(s.state(2) == "in_doubt");
    s.echo(2, EchoKind::kDelivered, "wamid.2");
    CHECK(s.state(2) == "sent");
}

TEST_CASE("an answer that a missing grant holds up is recorded when it is granted") {
    Sending s;
    const auto first = s.on_wire(1);
    // As a missing grant does, and counts the tries, which a rollback would not undo.
    s.database.run(R"sql(
        CREATE SEQUENCE tries;
        GRANT USAGE ON SEQUENCE tries TO "whatsapp-connector";
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
        $$BEGIN PERFORM nextval('tries'); RAISE insufficient_privilege; END$$;
        CREATE TRIGGER refuse BEFORE UPDATE ON sends FOR EACH ROW EXECUTE FUNCTION refuse())sql");
    s.recorder.add({first, NothingSent{}});
    s.recorder.start([](const auto&) {});
    REQUIRE(testkit::eventually(15s, [&] {
        return std::stoi(s.database.query("SELECT last_value FROM tries")) >= 5;
    }));
    CHECK(s.metrics.counter("tecnochat_send_answers_refused_total", "").value() == 0);
    s.database.run("DROP TRIGGER refuse ON sends");
    CHECK(s.becomes(1, "queued"));
}

TEST_CASE("a doubt is not given up in the pass that raises it, however long the database was away"
) {
    Sending s;
    const auto first = s.on_wire(1);
    s.database.run("UPDATE sends SET wire_at = now() - interval '1 day'");
    REQUIRE(s.maintenance.recover_own());
    CHECK(s.state(1) == "in_doubt");
    s.recorder.add({first, NothingSent{}});
    s.recorder.start([](const auto&) {});
    CHECK(s.becomes(1, "queued"));
}

TEST_CASE("a settled send is forgotten when its time is over, and not before") {
    Sending s;
    s.record(s.on_wire(1), Refused{131026, 0});
    s.database.run("UPDATE sends SET wire_at = now() - interval '49 h'");
    s.record(s.on_wire(2), Refused{131026, 0});
    s.start();
    CHECK(testkit::eventually(15s, [&] { return s.state(1).empty(); }));
    CHECK(s.state(2) == "failed");
}

TEST_CASE("the router is told that an accepted send counts as sent when no status comes for a day"
) {
    Sending s;
    s.start();
    s.send({s.text(1)});
    REQUIRE(s.becomes(1, "accepted"));
    s.clock.advance(25h);
    REQUIRE(s.becomes(1, "sent"));
    const auto records = read_topic(s.cluster, kafka::topics::kWhatsappSent, 2);
    CHECK(updates_of(records, 1) == std::vector<std::string>{"accepted:1", "sent:1"});
    whatsapp::v1::SendUpdate update;
    REQUIRE(update.ParseFromString(records.back().value));
    CHECK(update.state() == whatsapp::v1::SEND_STATE_SENT);
    CHECK(s.posts_of(1) == 1);
}

TEST_CASE("with the database away nothing is posted; sending goes on when it is back") {
    Sending s;
    s.insert_sealed({s.text(1), s.text(2, 2)});
    s.database.go_away();
    s.start();
    s.dispatcher.wake({{{s.tenant, kNumber}}});
    CHECK_FALSE(s.pool.reachable());
    CHECK(s.graph.posts().empty());
    s.database.come_back();
    REQUIRE(s.becomes(1, "accepted"));
    REQUIRE(s.becomes(2, "accepted"));
    CHECK(s.graph.posts().size() == 2);
}

TEST_CASE("a refusal that may pass holds what it concerns, and each send then goes out once") {
    const auto [code, other_waits] = GENERATE(
        std::pair(130429, false),
        std::pair(80007, true),
        std::pair(4, true),
        std::pair(131056, false)
    );
    const bool number_waits = code != 131056;
    INFO(code);
    const int code_of = code;
    std::atomic<int> refusals = 1;
    std::atomic<bool> passed = false;
    std::atomic<int> early = 0;
    Sending s([&](const ClaimedSend& send) -> GraphAnswer {
        if (refusals-- > 0) return Refused{code_of, 0, 429, 1s};
        if (!passed && send.id != message(1)) ++early;
        return FakeGraph::accept(send);
    });
    s.start();
    s.send({s.text(1, 1)});
    REQUIRE(testkit::eventually(15s, [&] { return s.column(1, "attempt") == "2"; }));
    s.send({s.text(2, 2), s.text_of_other_tenant(3)});
    if (!other_waits) REQUIRE(s.becomes(3, "accepted"));
    if (!number_waits) REQUIRE(s.becomes(2, "accepted"));
    CHECK(early == (other_waits ? 0 : 1) + (number_waits ? 0 : 1));
    if (code == 80007 || code == 4) {
        CHECK(s.state(2) == "queued");
        CHECK(s.state(3) == "queued");
        return;  // they wait a minute
    }
    passed = true;
    for (const int n : {1, 2, 3}) REQUIRE(s.becomes(n, "accepted"));
    CHECK(s.posts_of(1) == 2);
    CHECK(s.posts_of(2) == 1);
    CHECK(s.posts_of(3) == 1);
}

TEST_CASE("a send that is held back by a limit goes when its time has come") {
    Sending s;
    s.limiter.hold_back(3);
    s.start();
    s.send({s.text(1), s.text(2)});
    REQUIRE(s.becomes(2, "accepted"));
    CHECK(s.limiter.asked() == 5);
    const auto posts = s.graph.posts();
    REQUIRE(posts.size() == 2);
    CHECK(posts[0].send.id == message(1));
    CHECK(posts[0].send.attempt == 1);
}

TEST_CASE("the backlog of one number delays no other") {
    Sending s;
    std::vector<NewSend> backlog;
    for (int n = 1; n <= 600; ++n) backlog.push_back(s.text(n, n));
    s.insert_sealed(backlog);
    s.start();
    REQUIRE(testkit::eventually(15s, [&] { return !s.graph.posts().empty(); }));
    s.send({s.text_of_other_tenant(1000)});
    const auto before = static_cast<std::ptrdiff_t>(s.graph.posts().size());
    REQUIRE(testkit::eventually(15s, [&] { return s.posts_of(1000) == 1; }));
    const auto posts = s.graph.posts();
    const auto own =
        std::ranges::find_if(posts, [](const auto& post) { return post.send.id == message(1000); });
    // With one of the next claims; one queue for all would have put it behind the 600.
    CHECK(std::distance(posts.begin(), own) - before < 100);
}

TEST_CASE("a number that met its limit leaves the turns of the others alone") {
    Sending s;
    s.limiter.limit_number(kNumber);
    std::vector<NewSend> backlog;
    for (int n = 1; n <= 50; ++n) backlog.push_back(s.text(n, n));
    s.insert_sealed(backlog);
    s.start();
    REQUIRE(testkit::eventually(15s, [&] { return s.limiter.asked() > 0; }));
    s.send({s.text_of_other_tenant(1000)});
    REQUIRE(testkit::eventually(15s, [&] { return s.posts_of(1000) == 1; }));
    // Asked once for each hold of 100 ms at the most, not for each send of its backlog.
    CHECK(s.limiter.asked() < 50);
    s.limiter.limit_number("");
    for (int n = 1; n <= 50; ++n) REQUIRE(s.becomes(n, "accepted"));
}

TEST_CASE("answers go before what is sent in bulk") {
    Sending s;
    auto bulk = s.text(1, 1);
    bulk.lane = Lane::kBulk;
    s.insert_sealed({bulk, s.text(2, 2)});
    const auto claimed = s.claim(1);
    REQUIRE(claimed.size() == 1);
    CHECK(claimed.front().id == message(2));
}

TEST_CASE("a send that another replica stored is found without a word") {
    Sending s;
    s.start();
    s.insert_sealed({s.text(1)});
    CHECK(s.becomes(1, "accepted"));
}

TEST_CASE("a number is idle after ten quiet minutes, and active again with its next send") {
    Sending s;
    const auto active = [&] {
        return s.commit([&](auto& transaction) { return send_queues::active(transaction); });
    };
    const auto settle = [&](const char* age) {
        s.database.run(
            std::string("UPDATE send_queues SET touched_at = now() - interval '") + age + "'"
        );
        s.commit([&](auto& transaction) -> Result<bool> {
            TECNOCHAT_CHECK(send_queues::mark_idle(transaction));
            return true;
        });
    };
    s.insert_sealed({s.text(1)});
    settle("11 minutes");
    CHECK(active().size() == 1);  // its send is open
    settle("9 minutes");
    s.start();
    REQUIRE(s.becomes(1, "accepted"));
    s.stop();
    CHECK(active().size() == 1);
    settle("11 minutes");
    CHECK(active().empty());
    s.insert_sealed({s.text(2, 2)});
    CHECK(active().size() == 1);
}

TEST_CASE("a number that may not send any more is not posted for") {
    Sending s;
    s.database.run("UPDATE channels SET state = 'disconnected'");
    s.start();
    s.send({s.text(1)});
    REQUIRE(s.becomes(1, "failed"));
    CHECK(s.graph.posts().empty());
}

TEST_CASE("sends that cannot be read end with a word of their own, and hold nobody up") {
    Sending s;
    std::vector<NewSend> texts;
    for (int n = 1; n <= 10; ++n) texts.push_back(s.text(n, n));  // more than workers
    s.insert_sealed(texts);
    s.database.run("UPDATE sends SET recipient = '{'");
    s.start();
    s.send({s.text(11, 11)});
    REQUIRE(s.becomes(11, "accepted"));
    CHECK(s.graph.posts().size() == 1);
    int unreadable = 0;
    for (const auto& record : read_topic(s.cluster, kafka::topics::kWhatsappSent, 11)) {
        whatsapp::v1::SendUpdate update;
        REQUIRE(update.ParseFromString(record.value));
        if (update.failure() == whatsapp::v1::SEND_FAILURE_CONTENT_UNREADABLE) ++unreadable;
    }
    CHECK(unreadable == 10);
}

TEST_CASE("with the vault away sends wait in the queue and take no tokens; an erased one fails") {
    Sending s;
    auto erased = s.text(2, 2);
    erased.contact = ContactId(Uuid::v5(kTecnochatNamespace, "erased"));
    s.insert_sealed({s.text(1), erased});
    s.vault.erase({erased.tenant, erased.contact});
    s.vault.go_away();
    s.start();
    REQUIRE(testkit::eventually(15s, [&] {
        return s.column(1, "state = 'queued' AND next_attempt_at > now()") == "true";
    }));
    CHECK(s.limiter.asked() == 0);
    CHECK(s.graph.posts().empty());
    s.vault.come_back();
    REQUIRE(s.becomes(1, "accepted"));
    REQUIRE(s.becomes(2, "failed"));
    CHECK(s.column(2, "failure") == "4");
    CHECK(s.column(1, "attempt") == "1");
    CHECK(s.limiter.asked() == 1);
}

TEST_CASE("a send in a word that nobody knows holds up no other") {
    Sending s;
    s.put_in_unknown_state(1, "wire");
    s.insert_sealed({s.text(1, 1), s.text(2, 2)});
    s.start();
    CHECK(s.becomes(2, "accepted"));
    CHECK(s.posts_of(1) == 0);
}

TEST_CASE("stopping lets posts under way end and writes their answers down") {
    std::latch posted(1);
    std::latch answer(1);
    Sending s([&](const ClaimedSend& send) {
        posted.count_down();
        answer.wait();
        return FakeGraph::accept(send);
    });
    s.start();
    s.send({s.text(1), s.text(2)});
    posted.wait();
    std::jthread stopping([&] { s.stop(); });
    answer.count_down();
    stopping.join();
    CHECK(s.state(1) == "accepted");
    CHECK(s.posts_of(1) == 1);
}

TEST_CASE("what a killed process had on the wire is in doubt after the restart, not sent again") {
    Sending s;
    s.on_wire(1);
    s.insert_sealed({s.text(2, 1), s.text(3, 3)});
    REQUIRE(s.claim().size() == 1);
    REQUIRE(s.maintenance.recover_own());
    s.start();
    REQUIRE(s.becomes(3, "accepted"));
    CHECK(s.state(1) == "in_doubt");
    CHECK(s.state(2) == "queued");
    CHECK(s.posts_of(1) == 0);
    s.echo(1, EchoKind::kDelivered, "wamid.1");
    s.dispatcher.wake({{{s.tenant, kNumber}}});
    CHECK(s.becomes(2, "accepted"));
}

}  // namespace tecnochat::whatsapp_connector::testing
