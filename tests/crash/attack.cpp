#include "attack.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <nlohmann/json.hpp>

#include "tecnochat/testkit/eventually.hpp"

namespace tecnochat::scenarios {
namespace {

using namespace std::chrono_literals;

/// A volley's questions to the number that is not held back.
constexpr std::size_t kFree = 16;
constexpr std::size_t kVolley = Attack::kHeldBack + kFree;
/// How long a number's spent rate holds its answers back; it is spent again well before.
constexpr Milliseconds kHold{1000};
/// How far (on Meta's clock) a volley's webhooks are put off.
constexpr int kPutOffSeconds = 60;

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
    if (service == "whatsapp-connector") {
        more.emplace("TECNOCHAT_IN_DOUBT_SECONDS", "3");
        // Answers that are not held back may all be on the wire at once.
        more.emplace("TECNOCHAT_SEND_WORKERS", std::to_string(kFree));
    }
    stack.start(service, more);
}

Attack::Attack(const testkit::Stack& stack)
    : stack_(stack),
      phone_(stack),
      business_(calm_business(stack)),
      ledger_(stack, business_.tenant()),
      poison_(stack),
      rate_limit_(stack) {}

void Attack::begin_round(std::vector<std::string> targets) {
    targets_ = std::move(targets);
    round_.clear();
    taken_.clear();
    handed_over_.clear();
    unknown_before_ = ledger_.sends_in("unknown");
    on_wire_.clear();
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
    auto questions = Business::covered();
    std::shuffle(questions.begin(), questions.end(), chance());
    // Meta delivers none before all are written: otherwise the first were answered by then.
    phone_.fault(
        {{"kind", "delay"},
         {"field", "messages"},
         {"duration_ms", kPutOffSeconds * 1000},
         {"count", kVolley}}
    );
    for (std::size_t i = 0; i < kVolley; ++i) {
        const auto& number = business_.numbers()[i < kHeldBack ? 0 : 1];
        const bool covered = i % kHeldBack != 0;
        write(
            number,
            Business::new_customer(),
            covered ? questions[i % questions.size()].question : Business::uncovered()
        );
    }
    hold_back();
    phone_.advance_clock(kPutOffSeconds);
    for (const auto& target : targets_) poison_.put_before(target);
    call("whatsapp-connector", [&] { business_.connect(business_.number()); });
    call("ai-reply", [&] { business_.enter_another_item(); });
    if (!handed_over_.empty()) call("message-router", [&] { business_.release(handed_over_); });
}

/// One that may die under it, or be dead already.
void Attack::call(const std::string& service, const std::function<void()>& what) {
    if (!stack_.runs(service)) return;
    business_.set_patience(Milliseconds(2000));
    attempt([&] {
        what();
        return true;
    });
    business_.set_patience(Milliseconds(15'000));
}

void Attack::hold_back() {
    const auto spend = [this] {
        return attempt([&] {
            rate_limit_.spend(business_.number(), kHold);
            return true;
        });
    };
    // Redis may have come back this very moment.
    REQUIRE(testkit::eventually(5s, spend));
    holder_ = std::jthread([spend](const std::stop_token& stop) {
        auto next = std::chrono::steady_clock::now();
        while (!stop.stop_requested()) {
            testkit::keep_pace(next, kHold / 5);
            spend();
        }
    });
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
    holder_ = {};
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
    for (const auto& letter : poison_left_) text += "| no dead letter of: " + letter + " ";
    return text;
}

std::size_t Attack::held_back() const {
    const auto waiting = ledger_.sends_of(business_.number());
    std::size_t held = 0;
    // A claim lasts until the rate limit has said no.
    for (const auto* state : {"queued", "claimed"}) {
        const auto entry = waiting.find(state);
        if (entry != waiting.end()) held += static_cast<std::size_t>(entry->second);
    }
    return held;
}

std::size_t Attack::in_flight() {
    const bool ingress_dead = !stack_.runs("webhook-ingress");
    std::size_t posted_in_vain = 0;
    for (const auto& [number, customer] : round_) {
        if (taken_.contains(customer)) continue;
        const auto webhook = phone_.messages(number, customer).front().webhook;
        if (webhook == "accepted") {
            taken_.insert(customer);
        } else if (ingress_dead && webhook == "retrying") {
            ++posted_in_vain;
        }
    }
    std::size_t ended = 0;
    for (const auto& [state, count] : ledger_.sends()) {
        if (state == "sent" || state == "failed" || state == "unknown")
            ended += static_cast<std::size_t>(count);
    }
    // Earlier rounds' messages have their 200, and have ended.
    const auto begun = written_in_all_ - round_.size() + taken_.size() + posted_in_vain;
    // One may end before its 200: what a dead ingress had stored goes its way.
    return begun > ended ? begun - ended : 0;
}

void Attack::count_in_flight() {
    std::size_t count = 0;
    testkit::eventually(10s, [&] { return (count = in_flight()) >= kInFlightLeast; });
    CHECK(count >= kInFlightLeast);
    least_in_flight_ = std::min(least_in_flight_, count);
    holder_ = {};
}

void Attack::note_wire() {
    // A crash between two others has recovered what the first left on the wire.
    for (const auto* state : {"wire", "in_doubt"}) on_wire_.merge(ledger_.sends_in(state));
}

void Attack::check_books() {
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
    int unknown_now = 0;
    for (const auto& id : ledger_.sends_in("unknown")) {
        if (unknown_before_.contains(id)) continue;
        INFO("send " << id);
        CHECK(on_wire_.contains(id));
        ++unknown_now;
    }
    CHECK(phone_.accepted_twice().empty());
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
