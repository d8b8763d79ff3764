#include "attack.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>

#include "support/rate_limit.hpp"
#include "tecnochat/testkit/eventually.hpp"

namespace tecnochat::scenarios {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kInFlight = 24;
constexpr Milliseconds kHeldBack{1000};
/// The connector's send-workers (its default): each holds one send at a time.
constexpr int kSendWorkers = 16;

/// Runs a call that may hit a service while it is being killed.
template <class Call>
bool attempt(Call call) {
    try {
        return call();
    } catch (const std::exception&) {
        return false;
    }
}

/// On a stack where everything runs and nothing is armed, whatever an earlier test left.
Business calm_business(const testkit::Stack& stack) {
    for (const auto* part : {"kafka", "postgres", "redis"}) stack.start(part);
    stack.stop("whatsapp-connector");
    for (const auto* service : kServices) start_service(stack, service);
    return {stack, 2};
}

}  // namespace

void start_service(
    const testkit::Stack& stack, const std::string& service, std::map<std::string, std::string> more
) {
    if (service == "whatsapp-connector") more.emplace("TECNOCHAT_IN_DOUBT_SECONDS", "3");
    stack.start(service, more);
}

Attack::Attack(const testkit::Stack& stack)
    : stack_(stack),
      phone_(stack),
      business_(calm_business(stack)),
      ledger_(stack, business_.tenant()),
      poison_(stack) {}

void Attack::begin_round(std::vector<std::string> targets) {
    targets_ = std::move(targets);
    round_.clear();
    handed_over_.clear();
    unknown_before_ = unknown();
}

void Attack::hand_one_over() {
    const auto customer = Business::new_customer();
    write(business_.number(), customer, Business::uncovered());
    REQUIRE(testkit::eventually(20s, [&] {
        return attempt([&] { return business_.conversation(business_.number(), customer).human; });
    }));
    handed_over_ = business_.conversation(business_.number(), customer).id;
}

void Attack::fire() {
    // Half of the answers are held back by their number's limit before they may go.
    spend_rate(stack_, business_.number(), kHeldBack);
    auto questions = Business::covered();
    std::shuffle(questions.begin(), questions.end(), chance());
    for (std::size_t i = 0; i < kInFlight; ++i) {
        // Questions before it and behind it.
        if (i == kInFlight / 2) {
            for (const auto& target : targets_) poison_.put_before(target);
        }
        write(
            business_.numbers()[i % 2],
            Business::new_customer(),
            questions[i % questions.size()].question
        );
    }
    write(business_.number(), Business::new_customer(), Business::uncovered());
    const auto call = [](auto what) {
        return attempt([&] {
            what();
            return true;
        });
    };
    // One of these services dies under the call.
    business_.set_patience(Milliseconds(2000));
    call([&] { business_.connect(business_.number()); });
    call([&] { business_.enter_another_item(); });
    if (!handed_over_.empty()) call([&] { business_.release(handed_over_); });
    business_.set_patience(Milliseconds(15'000));
}

std::string Attack::write(
    const std::string& number, const std::string& customer, const std::string& text
) {
    auto wamid = phone_.write(number, customer, text);
    round_.emplace_back(number, customer);
    ++written_in_all_;
    return wamid;
}

bool Attack::settle() {
    const bool ended = testkit::eventually(90s, [&] {
        phone_.advance_clock(1);
        return attempt([&] {
            return ledger_.inbound().size() == written_in_all_ && ledger_.settled();
        });
    });
    return ended && testkit::eventually(30s, [&] {
               return attempt([&] {
                   poison_left_ = poison_.missing();
                   return poison_left_.empty();
               });
           });
}

std::string Attack::describe() const {
    std::string text = "stored " + std::to_string(ledger_.inbound().size()) + " of " +
                       std::to_string(written_in_all_) + " | " + ledger_.describe();
    for (const auto& letter : poison_left_) text += "| poison not set aside: " + letter + " ";
    return text;
}

int Attack::unknown() const {
    const auto sends = ledger_.sends();
    return sends.count("unknown") == 0 ? 0 : sends.at("unknown");
}

void Attack::check_books(bool sends_may_be_unknown) {
    INFO(describe());
    for (const auto& [wamid, times] : ledger_.inbound()) CHECK(times == 1);
    for (const auto& turn : ledger_.turns()) {
        CHECK(turn.inbound == 1);
        CHECK(turn.outbound == 1);
        CHECK((turn.outcome == "reply" || turn.outcome == "handover"));
    }
    CHECK(ledger_.parked_conversations() == 0);
    CHECK(ledger_.sequence_gaps() == 0);
    CHECK(ledger_.sends().count("failed") == 0);
    const int unknown_now = unknown() - unknown_before_;
    // Whichever failpoint kills the connector, each of its workers may have had one send on the
    // wire at that instant, and never more: what is queued or claimed is posted after the restart.
    CHECK(unknown_now <= (sends_may_be_unknown ? kSendWorkers : 0));
    // With the echo on, what Meta took is known to be sent: an unknown send never arrived, and
    // nothing arrived twice.
    int received = 0;
    for (const auto& [number, customer] : round_) {
        int answers = 0;
        for (const auto& message : phone_.messages(number, customer))
            answers += message.from_business ? 1 : 0;
        INFO("customer " << customer);
        CHECK(answers <= 1);
        received += answers;
    }
    CHECK(received + unknown_now == static_cast<int>(round_.size()));
}

}  // namespace tecnochat::scenarios
