// Goal: what a customer sees on the phone when the whole suite runs: own answers, in order, once;
// and what the books hold afterwards.
#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <nlohmann/json.hpp>
#include <string>
#include <tuple>

#include "support/business.hpp"
#include "support/ledger.hpp"
#include "support/phone.hpp"
#include "tecnochat/testkit/eventually.hpp"
#include "tecnochat/testkit/http.hpp"
#include "tecnochat/testkit/stack.hpp"

namespace tecnochat::scenarios {
namespace {

using namespace std::chrono_literals;

std::vector<Phone::Message> from_business(const std::vector<Phone::Message>& all) {
    std::vector<Phone::Message> own;
    for (const auto& message : all) {
        if (message.from_business) own.push_back(message);
    }
    return own;
}

/// How many messages wait for the channel event of their number, as of the router's last pass.
double waiting_messages(const testkit::Stack& stack) {
    const auto metrics = testkit::http_get(stack.endpoint("/metrics/message-router"));
    REQUIRE(metrics.status == 200);
    const std::string name = "\ntecnochat_router_waiting_messages ";
    const auto line = metrics.body.find(name);
    return line == std::string::npos ? 0 : std::stod(metrics.body.substr(line + name.size()));
}

void check_books(const Ledger& ledger, int inbound) {
    INFO(ledger.describe());
    REQUIRE(testkit::eventually(30s, [&] { return ledger.settled(); }));
    CHECK(ledger.inbound().size() == static_cast<std::size_t>(inbound));
    for (const auto& [wamid, times] : ledger.inbound()) CHECK(times == 1);
    const auto turns = ledger.turns();
    CHECK(turns.size() == static_cast<std::size_t>(inbound));
    for (const auto& turn : turns) {
        CHECK(turn.inbound == 1);
        CHECK(turn.outbound == (turn.outcome == "silence" ? 0 : 1));
    }
    CHECK(ledger.parked_conversations() == 0);
    CHECK(ledger.sequence_gaps() == 0);
}

}  // namespace

TEST_CASE("twenty questions in two seconds from one customer each get their own answer, in order") {
    const auto stack = testkit::Stack::from_environment();
    const Phone phone(stack);
    const Business business(stack, 1);
    const auto customer = Business::new_customer();
    const auto& questions = Business::covered();
    REQUIRE(questions.size() == 20);
    auto next = std::chrono::steady_clock::now();
    for (const auto& [question, answer] : questions) {
        testkit::keep_pace(next, 95ms);
        phone.write(business.number(), customer, question);
    }
    const auto answers = from_business(phone.wait(business.number(), customer, 20, 30));
    REQUIRE(answers.size() == 20);
    for (std::size_t i = 0; i < questions.size(); ++i) {
        INFO(i + 1 << ": " << questions[i].question << " -> " << answers[i].text);
        CHECK(answers[i].text.find(questions[i].answer_holds) != std::string::npos);
    }
    check_books(Ledger(stack, business.tenant()), 20);
}

TEST_CASE(
    "fifty customers at once over several numbers: stored once, one outcome each, each its own answer"
) {
    const auto stack = testkit::Stack::from_environment();
    const Phone phone(stack);
    const Business business(stack, 4);
    struct Customer {
        std::string number, phone;
        std::vector<Covered> asked;
    };
    std::vector<Customer> customers;
    for (std::size_t i = 0; i < 50; ++i) {
        customers.push_back({business.numbers()[i % 4], Business::new_customer(), {}});
        for (std::size_t k = 0; k < 3; ++k)
            customers.back().asked.push_back(Business::covered()[(i * 7 + k * 3) % 20]);
    }
    for (std::size_t k = 0; k < 3; ++k) {
        for (const auto& customer : customers)
            phone.write(customer.number, customer.phone, customer.asked[k].question);
    }
    for (const auto& customer : customers) {
        const auto answers = from_business(phone.wait(customer.number, customer.phone, 3, 60));
        REQUIRE(answers.size() == 3);
        for (std::size_t k = 0; k < 3; ++k) {
            INFO(customer.asked[k].question << " -> " << answers[k].text);
            CHECK(answers[k].text.find(customer.asked[k].answer_holds) != std::string::npos);
        }
    }
    check_books(Ledger(stack, business.tenant()), 150);
}

TEST_CASE("webhooks that Meta doubles, delays and reorders change nothing") {
    const auto stack = testkit::Stack::from_environment();
    const Phone phone(stack);
    const Business business(stack, 1);
    const auto customer = Business::new_customer();
    // Each webhook meets the first fault that matches and has some left, so the one that matches
    // all comes last.
    const auto fault = [&](nlohmann::json what) {
        what["phone_number_id"] = business.number();
        phone.fault(what);
    };
    fault({{"kind", "delay"}, {"field", "messages"}, {"duration_ms", 300}, {"count", 1}});
    fault({{"kind", "reorder"}, {"field", "statuses"}, {"count", 3}});
    fault({{"kind", "duplicate"}});
    for (std::size_t i = 0; i < 5; ++i)
        phone.write(business.number(), customer, Business::covered()[i].question);
    phone.wait(business.number(), customer, 5, 30);
    phone.wait_for_webhooks();
    phone.clear_faults();
    check_books(Ledger(stack, business.tenant()), 5);
    CHECK(from_business(phone.messages(business.number(), customer)).size() == 5);
}

TEST_CASE("what the knowledge does not cover goes to a person, and the bot is silent until released"
) {
    const auto stack = testkit::Stack::from_environment();
    const Phone phone(stack);
    const Business business(stack, 1);
    const auto customer = Business::new_customer();
    const Ledger ledger(stack, business.tenant());
    const auto& covered = Business::covered();

    phone.write(business.number(), customer, Business::uncovered());
    auto seen = from_business(phone.wait(business.number(), customer, 1));
    REQUIRE(seen.size() == 1);
    REQUIRE(testkit::eventually(10s, [&] {
        return business.conversation(business.number(), customer).human;
    }));

    phone.write(business.number(), customer, covered[0].question);
    REQUIRE(testkit::eventually(10s, [&] {
        return ledger.inbound().size() == 2 && ledger.settled();
    }));
    CHECK(from_business(phone.messages(business.number(), customer)).size() == 1);

    const auto handed_over = business.conversation(business.number(), customer);
    business.release(handed_over.id);
    const auto released = business.conversation(business.number(), customer);
    CHECK_FALSE(released.human);
    CHECK(released.epoch > handed_over.epoch);
    business.release(handed_over.id);
    CHECK(business.conversation(business.number(), customer).epoch == released.epoch);

    phone.write(business.number(), customer, covered[1].question);
    seen = from_business(phone.wait(business.number(), customer, 2));
    CHECK(seen.back().text.find(covered[1].answer_holds) != std::string::npos);
    check_books(ledger, 3);
}

TEST_CASE("a reply that was under way when the conversation was handed over is never delivered") {
    const auto stack = testkit::Stack::from_environment();
    const Phone phone(stack);
    const Business business(stack, 1);
    const auto customer = Business::new_customer();
    const Ledger ledger(stack, business.tenant());
    // With ai-reply away both turns are open at once; when it is back, the first answer hands over
    // and the second comes too late.
    stack.stop("ai-reply");
    phone.write(business.number(), customer, Business::uncovered());
    phone.write(business.number(), customer, Business::covered()[0].question);
    REQUIRE(testkit::eventually(10s, [&] { return ledger.inbound().size() == 2; }));
    stack.start("ai-reply");
    phone.wait(business.number(), customer, 1, 30);
    check_books(ledger, 2);
    CHECK(from_business(phone.messages(business.number(), customer)).size() == 1);
    std::map<std::string, int> outcomes;
    for (const auto& turn : ledger.turns()) ++outcomes[turn.outcome];
    CHECK(outcomes == std::map<std::string, int>{{"handover", 1}, {"silence", 1}});
}

TEST_CASE("a customer who writes before the router has heard of the number is answered all the same"
) {
    const auto stack = testkit::Stack::from_environment();
    const Phone phone(stack);
    const Business business(stack, 1);
    const auto number = business.number_at_meta();
    const auto early = Business::new_customer();
    const auto other = Business::new_customer();
    const auto& covered = Business::covered();
    // Other tests may have left some of numbers that nobody connects.
    const auto before = waiting_messages(stack);
    phone.write(number, early, covered[0].question);
    REQUIRE(testkit::eventually(20s, [&] { return waiting_messages(stack) > before; }));
    business.connect(number);
    phone.write(business.number(), other, covered[1].question);
    for (const auto& [at, customer, answer] :
         {std::tuple{number, early, covered[0].answer_holds},
          std::tuple{business.number(), other, covered[1].answer_holds}}) {
        const auto seen = from_business(phone.wait(at, customer, 1, 30));
        REQUIRE(seen.size() == 1);
        CHECK(seen[0].text.find(answer) != std::string::npos);
    }
    check_books(Ledger(stack, business.tenant()), 2);
}

TEST_CASE("a message that is days late goes to a person and is not answered") {
    const auto stack = testkit::Stack::from_environment();
    const Phone phone(stack);
    const Business business(stack, 1);
    const auto customer = Business::new_customer();
    const Ledger ledger(stack, business.tenant());
    phone.write_raw(
        business.number(),
        customer,
        {{"text", Business::covered()[0].question}, {"age_seconds", 3 * 24 * 3600}}
    );
    REQUIRE(testkit::eventually(10s, [&] {
        return ledger.inbound().size() == 1 && ledger.settled();
    }));
    const auto turns = ledger.turns();
    REQUIRE(turns.size() == 1);
    CHECK(turns[0].outcome == "handover");
    CHECK(from_business(phone.messages(business.number(), customer)).empty());
}

TEST_CASE("the customer sees that the message was read and that an answer is coming") {
    const auto stack = testkit::Stack::from_environment();
    const Phone phone(stack);
    const Business business(stack, 1);
    const auto customer = Business::new_customer();
    const auto wamid = phone.write(business.number(), customer, Business::covered()[0].question);
    phone.wait(business.number(), customer, 1);
    CHECK(testkit::eventually(10s, [&] {
        for (const auto& request :
             phone.requests("phone_number_id=" + business.number() + "&limit=50")) {
            const auto body = request.at("body").dump();
            if (body.find("typing_indicator") != std::string::npos &&
                body.find(wamid) != std::string::npos)
                return true;
        }
        return false;
    }));
}

TEST_CASE(
    "Meta's refusals end as the protocol says: later ones are tried again, final ones fail once"
) {
    const auto stack = testkit::Stack::from_environment();
    const Phone phone(stack);
    const Business business(stack, 1);
    const Ledger ledger(stack, business.tenant());
    const auto patient = Business::new_customer();
    phone.fault({{"kind", "rate_limited"}, {"phone_number_id", business.number()}, {"count", 1}});
    phone.write(business.number(), patient, Business::covered()[0].question);
    CHECK(from_business(phone.wait(business.number(), patient, 1, 30)).size() == 1);

    const auto refused = Business::new_customer();
    phone.fault(
        {{"kind", "error"}, {"code", 131026}, {"phone_number_id", business.number()}, {"count", 1}}
    );
    phone.write(business.number(), refused, Business::covered()[1].question);
    REQUIRE(testkit::eventually(20s, [&] { return ledger.sends()["failed"] == 1; }));
    phone.clear_faults();
    check_books(ledger, 2);
    CHECK(ledger.outbound_by_status()["failed"] == 1);
    CHECK(
        phone.requests("phone_number_id=" + business.number() + "&kind=message&limit=50").size() >=
        2
    );
}

TEST_CASE("an answer of Meta's that is lost is settled by the echo and never sent again") {
    const auto stack = testkit::Stack::from_environment();
    const Phone phone(stack);
    const Business business(stack, 1);
    const Ledger ledger(stack, business.tenant());
    for (const char* kind : {"accept_then_cut", "5xx_after_accept"}) {
        INFO(kind);
        const auto customer = Business::new_customer();
        phone.fault({{"kind", kind}, {"phone_number_id", business.number()}, {"count", 1}});
        phone.write(business.number(), customer, Business::covered()[0].question);
        CHECK(from_business(phone.wait(business.number(), customer, 1, 30)).size() == 1);
        phone.wait_for_webhooks();
        REQUIRE(testkit::eventually(20s, [&] { return ledger.settled(); }));
        CHECK(from_business(phone.messages(business.number(), customer)).size() == 1);
    }
    phone.clear_faults();
    CHECK(ledger.sends() == std::map<std::string, int>{{"sent", 2}});
}

}  // namespace tecnochat::scenarios
