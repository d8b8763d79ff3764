// Goal: what an outage of Kafka left unpublished still comes first.
// Method: with the AI away the router itself answers what has waited too long, which we let pass in
// its books once Kafka is away too. Then all are back, and the customers go on writing before
// anybody has swept.
#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "support/business.hpp"
#include "support/ledger.hpp"
#include "support/overdue_turns.hpp"
#include "support/phone.hpp"
#include "support/stuck_sweep.hpp"
#include "tecnochat/testkit/eventually.hpp"
#include "tecnochat/testkit/stack.hpp"

namespace tecnochat::scenarios {
namespace {

using namespace std::chrono_literals;

constexpr int kCustomers = 3;
/// The mark that the message was read, and the question for the AI.
constexpr int kEventsOfAQuestion = 2;

/// No AI for a while, and no Kafka for part of it; at the end all is as other tests want it.
class Outage {
 public:
    explicit Outage(const testkit::Stack& stack) : stack_(stack) { stack_.stop("ai-reply"); }
    ~Outage() {
        try {
            end();
        } catch (const std::exception& error) {
            UNSCOPED_INFO("the stack could not be put right: " << error.what());
        }
    }
    Outage(const Outage&) = delete;
    Outage& operator=(const Outage&) = delete;

    void reach_kafka() { stack_.stop("kafka"); }
    void end() {
        for (const auto* part : {"kafka", "ai-reply"}) stack_.start(part);
    }

 private:
    const testkit::Stack& stack_;
};

}  // namespace

TEST_CASE("answers that an outage of Kafka held up arrive before younger ones") {
    const auto stack = testkit::Stack::from_environment();
    const Phone phone(stack);
    const Business business(stack, 1);
    const Ledger ledger(stack, business.tenant());
    const auto& covered = Business::covered();
    Outage outage(stack);
    std::vector<std::string> customers;
    for (int i = 0; i < kCustomers; ++i) {
        customers.push_back(Business::new_customer());
        phone.write(business.number(), customers.back(), covered[0].question);
    }
    REQUIRE(testkit::eventually(20s, [&] { return ledger.inbound().size() == kCustomers; }));
    // The questions' events have left: what is held up from here on are the router's own answers.
    REQUIRE(testkit::eventually(20s, [&] { return ledger.unpublished() == 0; }));
    outage.reach_kafka();
    make_overdue(stack, business.tenant());
    REQUIRE(testkit::eventually(30s, [&] {
        const auto turns = ledger.turns();
        return std::all_of(turns.begin(), turns.end(), [](const auto& turn) {
            return turn.outcome == "handover";
        });
    }));
    REQUIRE(ledger.unpublished() == kCustomers);

    std::optional<StuckSweep> nobody_sweeps(std::in_place, stack, "message-router");
    outage.end();
    for (const auto& customer : customers) {
        business.release(business.conversation(business.number(), customer).id);
        phone.write(business.number(), customer, covered[1].question);
    }
    const auto answered = [&](const std::string& customer) {
        const auto seen = phone.messages(business.number(), customer);
        return std::any_of(seen.begin(), seen.end(), [](const auto& message) {
            return message.from_business;
        });
    };
    // Either the younger events are held back, or it is too late.
    REQUIRE(testkit::eventually(30s, [&] {
        return ledger.held_back() == kCustomers * kEventsOfAQuestion ||
               std::all_of(customers.begin(), customers.end(), answered);
    }));
    nobody_sweeps.reset();
    for (const auto& customer : customers) {
        std::string order;
        for (const auto& message : phone.wait(business.number(), customer, 2, 30)) {
            if (!message.from_business) continue;
            const bool younger = message.text.find(covered[1].answer_holds) != std::string::npos;
            order += younger ? "younger " : "older ";
        }
        CHECK(order == "older younger ");
    }
    INFO(ledger.describe());
    CHECK(testkit::eventually(30s, [&] { return ledger.settled(); }));
    CHECK(ledger.turns().size() == 2 * kCustomers);
    CHECK(ledger.sequence_gaps() == 0);
}

}  // namespace tecnochat::scenarios
