// The dispatcher with a poster that records, fails on demand and never touches the network.

#include "webhooks/dispatcher.hpp"

#include <catch2/catch.hpp>
#include <functional>

#include "domain/retry_schedule.hpp"
#include "fakes.hpp"

using namespace tecnochat;
using namespace tecnochat::meta_simulator;
using namespace std::chrono_literals;

namespace {

/// What arrived, shared by all lanes; tests wait on it.
class Inbox {
 public:
    int receive(const std::string& body, const std::string& signature) {
        const std::scoped_lock lock(mutex_);
        bodies_.push_back(body);
        signatures_.push_back(signature);
        changed_.notify_all();
        return failures_left_-- > 0 ? 503 : 200;
    }
    void fail_next(int times) {
        const std::scoped_lock lock(mutex_);
        failures_left_ = times;
    }
    std::vector<std::string> wait_for(std::size_t count) {
        std::unique_lock lock(mutex_);
        REQUIRE(changed_.wait_for(lock, 10s, [&] { return bodies_.size() >= count; }));
        return bodies_;
    }
    std::vector<std::string> signatures() {
        const std::scoped_lock lock(mutex_);
        return signatures_;
    }

 private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::string> bodies_;
    std::vector<std::string> signatures_;
    int failures_left_ = 0;
};

class RecordingPoster final : public WebhookPoster {
 public:
    explicit RecordingPoster(Inbox& inbox) : inbox_(inbox) {}
    int post(const std::string& body, const std::string& signature) override {
        return inbox_.receive(body, signature);
    }
    void abort() override {}

 private:
    Inbox& inbox_;
};

struct Fixture {
    FakeClock base;
    VirtualClock clock{base};
    Inbox inbox;
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<AttemptOutcome> outcomes;
    Dispatcher dispatcher{
        {"secret", 4},
        clock,
        [] { return std::uint64_t{0}; },
        [this] { return std::make_unique<RecordingPoster>(inbox); },
        [this](const Delivery&, const AttemptOutcome& outcome) {
            const std::scoped_lock lock(mutex);
            outcomes.push_back(outcome);
            changed.notify_all();
        }
    };

    Delivery raw(const std::string& body) {
        Delivery delivery;
        delivery.raw_body = body;
        delivery.due = clock.now();
        delivery.lane_key = 7;
        return delivery;
    }
    std::vector<AttemptOutcome> wait_for_outcomes(std::size_t count) {
        std::unique_lock lock(mutex);
        REQUIRE(changed.wait_for(lock, 10s, [&] { return outcomes.size() >= count; }));
        return outcomes;
    }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "one lane key keeps its order") {
    for (int i = 0; i < 50; ++i) REQUIRE(dispatcher.submit(raw(std::to_string(i))));
    const auto bodies = inbox.wait_for(50);
    for (std::size_t i = 0; i < 50; ++i) REQUIRE(bodies[i] == std::to_string(i));
    CHECK(inbox.signatures()[0] == signature_header("secret", "0"));
}

TEST_CASE_METHOD(Fixture, "a delivery waits for its virtual time") {
    auto later = raw("later");
    later.due += 1h;
    REQUIRE(dispatcher.submit(later));
    REQUIRE(dispatcher.submit(raw("now")));
    CHECK(inbox.wait_for(1) == std::vector<std::string>{"now"});
    CHECK(dispatcher.counters().pending >= 1);
    clock.advance(1h);
    dispatcher.wake();
    CHECK(inbox.wait_for(2).back() == "later");
}

TEST_CASE_METHOD(Fixture, "what is not answered 200 comes again: at once, then by the clock") {
    inbox.fail_next(2);
    REQUIRE(dispatcher.submit(raw("x")));
    CHECK(inbox.wait_for(2) == std::vector<std::string>{"x", "x"});
    const auto failed = wait_for_outcomes(2);
    CHECK(failed[0].http_status == 503);
    CHECK(failed[1].will_retry);
    clock.advance(600ms);
    dispatcher.wake();
    inbox.wait_for(3);
    CHECK(wait_for_outcomes(3)[2].http_status == 200);
    CHECK(dispatcher.counters().answered_other == 2);
    CHECK(dispatcher.counters().answered_200 == 1);
}

TEST_CASE_METHOD(Fixture, "after seven days a webhook is dropped") {
    inbox.fail_next(1'000'000);
    REQUIRE(dispatcher.submit(raw("x")));
    std::size_t attempts = 2;
    auto last = wait_for_outcomes(attempts).back();
    while (last.will_retry) {
        clock.advance(7h);
        dispatcher.wake();
        last = wait_for_outcomes(++attempts).back();
    }
    CHECK(clock.offset() >= kWebhookLifetime - 7h);
    while (dispatcher.counters().pending > 0) std::this_thread::yield();
    CHECK(dispatcher.counters().given_up == 1);
}

TEST_CASE_METHOD(Fixture, "a held-back delivery is overtaken by the next one") {
    auto held = raw("first");
    held.hold_back = true;
    REQUIRE(dispatcher.submit(held));
    REQUIRE(dispatcher.submit(raw("second")));
    CHECK(inbox.wait_for(2) == std::vector<std::string>{"second", "first"});
}

TEST_CASE_METHOD(Fixture, "updates that are due together travel together when batching is on") {
    dispatcher.settings.batch_max = 10;
    Customer customer;
    customer.wa_id = "573001112233";
    const Timestamp due = clock.now() + 1h;
    for (const auto* id : {"wamid.1", "wamid.2", "wamid.3"}) {
        Message message;
        message.wamid = id;
        Delivery delivery;
        delivery.updates.push_back(message_update(cafe(), customer, message, R"({"body":"x"})"));
        delivery.due = due;
        const bool taken = dispatcher.submit(std::move(delivery));
        REQUIRE(taken);
    }
    clock.advance(1h);
    dispatcher.wake();
    const auto bodies = inbox.wait_for(1);
    CHECK(bodies[0].find("wamid.1") < bodies[0].find("wamid.3"));
    CHECK(bodies[0].find("wamid.3") != std::string::npos);
}
