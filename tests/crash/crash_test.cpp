// Goal: whatever is killed, and wherever, nothing is lost and nothing is doubled.
// Method: every failpoint that a service's release binary lists is armed once (`kill -9` of itself
// there) while 25 messages are in flight, then Kafka, PostgreSQL and Redis are killed the same way.
// Afterwards the books of both databases and the log of the simulated Meta must agree: each message
// stored once, each turn one outcome, each send one terminal state, no customer answered twice, and
// `unknown` only where Meta really never got the message.
#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "support/business.hpp"
#include "support/ledger.hpp"
#include "support/phone.hpp"
#include "tecnochat/testkit/eventually.hpp"
#include "tecnochat/testkit/process.hpp"
#include "tecnochat/testkit/stack.hpp"

namespace tecnochat::scenarios {
namespace {

using namespace std::chrono_literals;

constexpr int kInFlight = 24;
const char* const kServices[] = {
    "webhook-ingress", "message-router", "ai-reply", "whatsapp-connector"
};

std::vector<std::string> failpoints(const testkit::Stack& stack, const std::string& service) {
    const auto listed = testkit::run({stack.binary(service), "--list-failpoints"});
    REQUIRE(listed.exit_code == 0);
    std::istringstream lines(listed.output);
    std::vector<std::string> names;
    for (std::string name; std::getline(lines, name);) names.push_back(name);
    return names;
}

/// One business under attack: who wrote what, and the books to check afterwards.
class Attack {
 public:
    explicit Attack(const testkit::Stack& stack)
        : stack_(stack), phone_(stack), business_(stack, 2), ledger_(stack, business_.tenant()) {
        // Unknown must come within a test's patience.
        if (stack.runs("whatsapp-connector")) stack.stop("whatsapp-connector");
        stack.start("whatsapp-connector", {{"TECNOCHAT_IN_DOUBT_SECONDS", "3"}});
    }

    const Phone& phone() const { return phone_; }
    const Business& business() const { return business_; }
    const Ledger& ledger() const { return ledger_; }

    /// A conversation that was handed over before the attack, so that a release can be part of it.
    void hand_one_over() {
        handed_over_ = Business::new_customer();
        write(business_.number(), handed_over_, Business::uncovered());
        REQUIRE(testkit::eventually(20s, [&] {
            return ledger_.settled() &&
                   business_.conversation(business_.number(), handed_over_).human;
        }));
    }

    /// Puts 24 questions of 24 customers and everything else that a failpoint may hang on in
    /// flight. Calls on dead services fail: that is the point.
    void fire() {
        for (int i = 0; i < kInFlight; ++i) {
            const auto& number = business_.numbers()[static_cast<std::size_t>(i) % 2];
            write(
                number,
                Business::new_customer(),
                Business::covered()[static_cast<std::size_t>(i) % 20].question
            );
        }
        write(business_.number(), Business::new_customer(), Business::uncovered());
        attempt([&] { business_.register_again(); });
        if (!handed_over_.empty())
            attempt([&] {
                business_.release(business_.conversation(business_.number(), handed_over_).id);
            });
    }

    /// Lets Meta deliver what was refused, and waits until every message is stored and everything
    /// has ended.
    void settle() {
        const bool settled = testkit::eventually(90s, [&] {
            phone_.advance_clock(1);
            return ledger_.inbound().size() == written_.size() && ledger_.settled();
        });
        INFO(
            "stored " << ledger_.inbound().size() << " of " << written_.size() << " | "
                      << ledger_.describe()
        );
        REQUIRE(settled);
        phone_.wait_for_webhooks(60);
    }

    void check_books(bool sends_may_be_unknown) {
        INFO(ledger_.describe());
        for (const auto& [wamid, times] : ledger_.inbound()) CHECK(times == 1);
        for (const auto& turn : ledger_.turns()) {
            CHECK(turn.inbound == 1);
            CHECK(turn.outbound == (turn.outcome == "silence" ? 0 : 1));
            CHECK((turn.outcome == "reply" || turn.outcome == "handover"));
        }
        CHECK(ledger_.parked_conversations() == 0);
        CHECK(ledger_.sequence_gaps() == 0);
        const auto sends = ledger_.sends();
        CHECK(sends.count("failed") == 0);
        const int unknown = sends.count("unknown") == 0 ? 0 : sends.at("unknown");
        if (!sends_may_be_unknown) CHECK(unknown == 0);
        // With the echo on, a send that Meta took is known to be sent: what is unknown never
        // arrived, and nothing arrived twice.
        int received = 0;
        for (const auto& [number, customer] : written_) {
            int answers = 0;
            for (const auto& message : phone_.messages(number, customer))
                answers += message.from_business ? 1 : 0;
            INFO("customer " << customer);
            CHECK(answers <= 1);
            received += answers;
        }
        CHECK(received + unknown == static_cast<int>(written_.size()));
    }

    [[nodiscard]] int unknown() const {
        const auto sends = ledger_.sends();
        return sends.count("unknown") == 0 ? 0 : sends.at("unknown");
    }

    void write(const std::string& number, const std::string& customer, const std::string& text) {
        phone_.write(number, customer, text);
        written_.emplace_back(number, customer);
    }

 private:
    template <class Call>
    static void attempt(Call call) {
        try {
            call();
        } catch (const std::exception&) {
            // The service is being killed under this call.
        }
    }

    const testkit::Stack& stack_;
    Phone phone_;
    Business business_;
    Ledger ledger_;
    std::string handed_over_;
    std::vector<std::pair<std::string, std::string>>
        written_;  // number, customer; one message each
};

/// Starts the service with the failpoint armed; a failpoint on the way to readiness kills it right
/// there.
void start_armed(
    const testkit::Stack& stack, const std::string& service, const std::string& failpoint
) {
    stack.stop(service);
    try {
        stack.start(
            service, {{"TECNOCHAT_FAILPOINTS", failpoint}, {"TECNOCHAT_ALLOW_FAILPOINTS", "1"}}
        );
    } catch (const std::exception&) {
        if (stack.runs(service)) throw;
    }
}

void kill_at_every_failpoint(const std::string& service) {
    const auto stack = testkit::Stack::from_environment();
    const auto names = failpoints(stack, service);
    REQUIRE(names.size() >= 2);
    int hit = 0;
    for (const auto& name : names) {
        INFO("failpoint " << name);
        Attack attack(stack);
        if (service == "message-router") attack.hand_one_over();
        start_armed(stack, service, name);
        attack.fire();
        const bool died = testkit::eventually(20s, [&] {
            attack.phone().advance_clock(1);
            return !stack.runs(service);
        });
        CHECK(died);
        hit += died ? 1 : 0;
        stack.start(service);
        attack.settle();
        attack.check_books(service == "whatsapp-connector");
        for (const auto* other : kServices) CHECK(stack.runs(other));
    }
    std::cout << service << ": " << hit << " of " << names.size() << " failpoints hit\n";
    REQUIRE(hit == static_cast<int>(names.size()));
}

void kill_server(const std::string& part) {
    const auto stack = testkit::Stack::from_environment();
    for (int round = 0; round < 3; ++round) {
        INFO(part << ", round " << round);
        Attack attack(stack);
        attack.fire();
        // Rounds differ in how far the messages have come.
        testkit::eventually(5s, [&] {
            return attack.ledger().inbound().size() >= static_cast<std::size_t>(round * 8);
        });
        stack.kill(part);
        for (int i = 0; i < 5; ++i)
            attack.write(
                attack.business().number(),
                Business::new_customer(),
                Business::covered()[0].question
            );
        stack.start(part);
        attack.settle();
        attack.check_books(false);
        for (const auto* service : kServices) CHECK(stack.runs(service));
    }
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

TEST_CASE(
    "killed on the wire: with the echo every send is known to be sent, without it every one is unknown"
) {
    const auto stack = testkit::Stack::from_environment();
    for (const bool echo : {true, false}) {
        INFO("echo " << echo);
        Attack attack(stack);
        if (!echo) {
            for (const auto& number : attack.business().numbers())
                attack.phone().fault({{"kind", "withhold_echo"}, {"phone_number_id", number}});
        }
        // Right after Meta's answer was read and before it was written down.
        start_armed(stack, "whatsapp-connector", "whatsapp-connector.response.after");
        attack.write(
            attack.business().number(), Business::new_customer(), Business::covered()[0].question
        );
        REQUIRE(testkit::eventually(20s, [&] { return !stack.runs("whatsapp-connector"); }));
        stack.start("whatsapp-connector");
        attack.settle();
        CHECK(
            attack.ledger().sends() == std::map<std::string, int>{{echo ? "sent" : "unknown", 1}}
        );
        CHECK(
            attack.phone()
                .requests(
                    "phone_number_id=" + attack.business().number() +
                    "&kind=message&outcome=accepted"
                )
                .size() == 1
        );
        attack.phone().clear_faults();
    }
}

TEST_CASE("failpoints do nothing without TECNOCHAT_ALLOW_FAILPOINTS") {
    const auto stack = testkit::Stack::from_environment();
    for (const auto* service : kServices) {
        const auto names = failpoints(stack, service);
        const auto refused =
            testkit::run({stack.binary(service)}, {{"TECNOCHAT_FAILPOINTS", names.front()}});
        INFO(service << ": " << refused.output);
        CHECK(refused.exit_code != 0);
    }
}

}  // namespace tecnochat::scenarios
