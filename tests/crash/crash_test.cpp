// Goal: whatever is killed, and wherever, nothing is lost and nothing is doubled.
// Method: every failpoint that a service's release binary lists is armed once (`kill -9` of itself
// there) while 40 messages are in flight, then Kafka, PostgreSQL and Redis are killed the same way.
// Afterwards the books of both databases and the simulated Meta must agree: each message stored
// once, each turn one outcome, each send one terminal state, no customer answered twice, `unknown`
// only where Meta really never got the message, and records that nobody can read in the dead
// letters.
#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <iostream>
#include <nlohmann/json.hpp>
#include <random>
#include <sstream>

#include "attack.hpp"
#include "support/overdue_turns.hpp"
#include "support/topic_reader.hpp"
#include "tecnochat/testkit/eventually.hpp"
#include "tecnochat/testkit/process.hpp"

namespace tecnochat::scenarios {
namespace {

using namespace std::chrono_literals;

std::vector<std::string> failpoints(const testkit::Stack& stack, const std::string& service) {
    const auto listed = testkit::run({stack.binary(service), "--list-failpoints"});
    REQUIRE(listed.exit_code == 0);
    std::istringstream lines(listed.output);
    std::vector<std::string> names;
    for (std::string name; std::getline(lines, name);) names.push_back(name);
    return names;
}

/// Starts the service with the failpoint armed; a failpoint on the way to readiness kills it right
/// there.
void start_armed(
    const testkit::Stack& stack, const std::string& service, const std::string& failpoint
) {
    stack.stop(service);
    try {
        start_service(
            stack,
            service,
            {{"TECNOCHAT_FAILPOINTS", failpoint}, {"TECNOCHAT_ALLOW_FAILPOINTS", "1"}}
        );
    } catch (const std::exception&) {
        if (stack.runs(service)) throw;
    }
}

bool all_run(const testkit::Stack& stack) {
    for (const auto* service : kServices) {
        if (!stack.runs(service)) return false;
    }
    return true;
}

bool dies(
    const testkit::Stack& stack,
    const Attack& attack,
    const std::string& service,
    std::chrono::milliseconds patience
) {
    return testkit::eventually(patience, [&] {
        attack.phone().advance_clock(1);
        return !stack.runs(service);
    });
}

/// While the service is dead.
void note_death(Attack& attack, const std::string& service) {
    attack.count_in_flight();
    if (service == "whatsapp-connector") attack.note_wire();
}

/// A failpoint on the way to readiness stands where a start clears up after a crash: it gets one
/// to clear up after, with messages in flight and sends on the wire.
bool strike_while_clearing_up(
    const testkit::Stack& stack,
    Attack& attack,
    const std::string& service,
    const std::string& armed
) {
    start_service(stack, service);
    attack.phone().fault({{"kind", "stall"}, {"when", "after"}, {"duration_ms", 2000}, {"count", 4}}
    );
    attack.fire();
    const bool on_wire =
        testkit::eventually(10s, [&] { return !attack.ledger().sends_in("wire").empty(); });
    stack.kill(service);
    CHECK(on_wire);
    note_death(attack, service);
    start_armed(stack, service, armed);
    return dies(stack, attack, service, 20s);
}

/// Starts the service with the failpoint armed for its `hit`-th passage and fires until it has
/// died there. False: it never did.
bool strike(
    const testkit::Stack& stack,
    Attack& attack,
    const std::string& service,
    const std::string& failpoint,
    int hit
) {
    const auto armed = failpoint + "@" + std::to_string(hit);
    start_armed(stack, service, armed);
    if (!stack.runs(service)) return strike_while_clearing_up(stack, attack, service, armed);
    for (int volley = 1; volley <= hit; ++volley) {
        attack.fire();
        // Many a place is passed once per volley: the second one comes with the second.
        if (dies(stack, attack, service, volley < hit ? 3s : 20s)) return true;
    }
    return false;
}

/// One round: armed, fired, died there, started again, settled. Whether the failpoint was hit.
bool kill_at(
    const testkit::Stack& stack,
    Attack& attack,
    const std::string& service,
    const std::string& failpoint
) {
    attack.begin_round({service});
    if (service == "message-router") attack.hand_one_over();
    // Not always the first passage: a service that has just started is not the one at work.
    const int hit = std::uniform_int_distribution<>(1, 2)(chance());
    INFO("hit " << hit);
    bool died = strike(stack, attack, service, failpoint, hit);
    // What a process does once is never done twice.
    if (!died && hit > 1) died = strike(stack, attack, service, failpoint, 1);
    CHECK(died);
    if (died)
        note_death(attack, service);
    else
        stack.stop(service);
    start_service(stack, service);
    const bool settled = attack.settle();
    INFO(attack.describe());
    REQUIRE(settled);
    attack.check_books();
    CHECK(all_run(stack));
    return died;
}

/// A round with nothing but one message in it; its id.
std::string kill_at_one_message(
    const testkit::Stack& stack,
    Attack& attack,
    const std::string& service,
    const std::string& failpoint
) {
    start_armed(stack, service, failpoint);
    auto wamid = attack.write(
        attack.business().number(), Business::new_customer(), Business::covered()[0].question
    );
    REQUIRE(testkit::eventually(20s, [&] { return !stack.runs(service); }));
    start_service(stack, service);
    const bool settled = attack.settle();
    INFO(attack.describe());
    REQUIRE(settled);
    return wamid;
}

void kill_at_every_failpoint(const std::string& service) {
    const auto stack = testkit::Stack::from_environment();
    const auto names = failpoints(stack, service);
    REQUIRE(names.size() >= 2);
    Attack attack(stack);
    std::size_t hit = 0;
    for (const auto& name : names) {
        INFO("failpoint " << name);
        hit += kill_at(stack, attack, service, name) ? 1U : 0U;
    }
    std::cout << service << ": " << hit << " of " << names.size()
              << " failpoints hit, each with at least " << attack.least_in_flight()
              << " messages in flight\n";
    REQUIRE(hit == names.size());
}

/// Rounds differ in how far the messages have come: to Kafka, to the router's database, or through
/// everything up to their number's rate limit.
bool have_come(const Attack& attack, int round, std::size_t stored_before) {
    if (round == 0) return true;
    if (round == 1) return attack.ledger().inbound().size() >= stored_before + 8;
    return attack.held_back() > 0;
}

void kill_server(const std::string& part) {
    const auto stack = testkit::Stack::from_environment();
    Attack attack(stack);
    std::size_t stored = 0;
    for (int round = 0; round < 3; ++round) {
        INFO(part << ", round " << round);
        attack.begin_round({std::begin(kServices), std::end(kServices)});
        attack.fire();
        REQUIRE(testkit::eventually(20s, [&] {
            return attack.in_flight() >= Attack::kInFlightLeast;
        }));
        REQUIRE(testkit::eventually(20s, [&] { return have_come(attack, round, stored); }));
        attack.count_in_flight();
        stack.kill(part);
        for (int i = 0; i < 5; ++i)
            attack.write(
                attack.business().number(),
                Business::new_customer(),
                Business::covered()[0].question
            );
        stack.start(part);
        const bool settled = attack.settle();
        INFO(attack.describe());
        REQUIRE(settled);
        attack.check_books();
        CHECK(all_run(stack));
        stored = attack.ledger().inbound().size();
    }
    std::cout << part << ": killed with at least " << attack.least_in_flight()
              << " messages in flight\n";
}

}  // namespace

TEST_CASE("kill -9 at every failpoint of webhook-ingress") {
    kill_at_every_failpoint("webhook-ingress");
}
TEST_CASE("kill -9 at every failpoint of message-router") {
    kill_at_every_failpoint("message-router");
}
TEST_CASE("kill -9 at every failpoint of ai-reply") {
    kill_at_every_failpoint("ai-reply");
}
TEST_CASE("kill -9 at every failpoint of whatsapp-connector") {
    kill_at_every_failpoint("whatsapp-connector");
}

TEST_CASE("kill -9 of Kafka with messages in flight") {
    kill_server("kafka");
}
TEST_CASE("kill -9 of PostgreSQL with messages in flight") {
    kill_server("postgres");
}
TEST_CASE("kill -9 of Redis with messages in flight") {
    kill_server("redis");
}

TEST_CASE("killed on the wire: with the echo the send is known to be sent, without it it is unknown"
) {
    struct Place {
        const char* failpoint;
        std::size_t taken;  // by Meta
    };
    const auto stack = testkit::Stack::from_environment();
    for (const auto& [failpoint, taken] :
         {Place{"whatsapp-connector.response.after", 1},
          Place{"whatsapp-connector.response.before", 1},
          Place{"whatsapp-connector.post.before", 0}}) {
        for (const bool echo : {true, false}) {
            INFO(failpoint << ", echo " << echo);
            Attack attack(stack);
            if (!echo)
                attack.phone().fault(
                    {{"kind", "withhold_echo"}, {"phone_number_id", attack.business().number()}}
                );
            kill_at_one_message(stack, attack, "whatsapp-connector", failpoint);
            const auto* state = echo && taken == 1 ? "sent" : "unknown";
            CHECK(attack.ledger().sends() == std::map<std::string, int>{{state, 1}});
            CHECK(
                attack.phone()
                    .requests(
                        "phone_number_id=" + attack.business().number() +
                        "&kind=message&outcome=accepted"
                    )
                    .size() == taken
            );
            attack.phone().clear_faults();
        }
    }
}

TEST_CASE(
    "killed around the 200: Meta delivers again until it has one, and the message is stored once"
) {
    struct Place {
        const char* failpoint;
        int delivered;  // and durable: how often the message lies on the topic
    };
    const auto stack = testkit::Stack::from_environment();
    Attack attack(stack);
    for (const auto& [failpoint, delivered] :
         {Place{"webhook-ingress.produce.before", 1},
          Place{"webhook-ingress.produce.after", 2},
          Place{"webhook-ingress.response.before", 2},
          Place{"webhook-ingress.response.after", 1}}) {
        INFO(failpoint);
        const auto wamid = kill_at_one_message(stack, attack, "webhook-ingress", failpoint);
        const auto records = read_topic(stack, "whatsapp.inbound");
        CHECK(std::count_if(records.begin(), records.end(), [&](const kafka::Record& record) {
                  return record.event_id() == wamid;
              }) == delivered);
        CHECK(attack.ledger().inbound().at(wamid) == 1);
    }
}

// The rounds above pass this failpoint with nothing to end: their turns are young.
TEST_CASE("killed around the commit that ends overdue turns: each is handed over once") {
    const auto stack = testkit::Stack::from_environment();
    constexpr int kOverdue = 8;
    struct Place {
        const char* failpoint;
        std::ptrdiff_t open;  // turns when the router is dead
    };
    for (const auto& [failpoint, open] :
         {Place{"message-router.overdue.commit.before", kOverdue},
          Place{"message-router.overdue.commit.after", 0}}) {
        INFO(failpoint);
        Attack attack(stack);
        attack.begin_round({});
        stack.stop("ai-reply");
        for (int i = 0; i < kOverdue; ++i) {
            attack.write(
                attack.business().number(),
                Business::new_customer(),
                Business::covered()[0].question
            );
        }
        REQUIRE(testkit::eventually(30s, [&] {
            return attack.ledger().inbound().size() == std::size_t{kOverdue};
        }));
        stack.stop("message-router");
        make_overdue(stack, attack.business().tenant());
        start_armed(stack, "message-router", failpoint);
        REQUIRE(testkit::eventually(60s, [&] { return !stack.runs("message-router"); }));
        const auto turns = attack.ledger().turns();
        CHECK(turns.size() == std::size_t{kOverdue});
        CHECK(std::ranges::count(turns, std::string(), &Ledger::Turn::outcome) == open);
        start_service(stack, "message-router");
        // What it answers now is late, and dropped.
        start_service(stack, "ai-reply");
        const bool settled = attack.settle();
        INFO(attack.describe());
        REQUIRE(settled);
        for (const auto& turn : attack.ledger().turns()) CHECK(turn.outcome == "handover");
        attack.check_books();
    }
}

// Otherwise nothing would tell that fewer messages are in flight than the other tests believe.
TEST_CASE("what the attack holds back waits at the connector, and goes when it may") {
    const auto stack = testkit::Stack::from_environment();
    Attack attack(stack);
    attack.begin_round({});
    attack.fire();
    CHECK(testkit::eventually(30s, [&] { return attack.held_back() == Attack::kHeldBack; }));
    attack.count_in_flight();
    CHECK(testkit::eventually(30s, [&] { return attack.held_back() == 0; }));
    const bool settled = attack.settle();
    INFO(attack.describe());
    REQUIRE(settled);
    attack.check_books();
}

TEST_CASE("failpoints do nothing without TECNOCHAT_ALLOW_FAILPOINTS") {
    const auto stack = testkit::Stack::from_environment();
    for (const auto* service : kServices) {
        const auto names = failpoints(stack, service);
        REQUIRE_FALSE(names.empty());
        stack.stop(service);
        // All its other settings are there, so nothing else can refuse the start.
        std::string refusal;
        try {
            start_service(stack, service, {{"TECNOCHAT_FAILPOINTS", names.front()}});
        } catch (const std::exception& error) {
            refusal = error.what();
        }
        // Started again before the checks, for the tests after this one.
        const bool ran = stack.runs(service);
        if (ran) stack.stop(service);
        start_service(stack, service);
        INFO(service << ": " << refusal);
        CHECK_FALSE(ran);
        CHECK(refusal.find("TECNOCHAT_ALLOW_FAILPOINTS") != std::string::npos);
        CHECK(stack.runs(service));
    }
}

}  // namespace tecnochat::scenarios
