#pragma once

#include <functional>
#include <limits>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "poison.hpp"
#include "support/business.hpp"
#include "support/ledger.hpp"
#include "support/phone.hpp"
#include "support/rate_limit.hpp"
#include "tecnochat/testkit/stack.hpp"

namespace tecnochat::scenarios {

/// The services of the thread; each has failpoints of its own.
inline constexpr const char* kServices[] = {
    "webhook-ingress", "message-router", "ai-reply", "whatsapp-connector"
};

/// Starts a service with the settings of the crash tests (doubts end within a test's patience),
/// plus `more`.
void start_service(
    const testkit::Stack& stack,
    const std::string& service,
    std::map<std::string, std::string> more = {}
);

/// One business under attack, round after round: who wrote what, and the books to check afterwards.
class Attack {
 public:
    explicit Attack(const testkit::Stack& stack);

    /// The answers of a volley that are held back.
    static constexpr std::size_t kHeldBack = 24;
    /// Whatever is killed, so many messages are in flight.
    static constexpr std::size_t kInFlightLeast = 20;

    [[nodiscard]] const Phone& phone() const { return phone_; }
    [[nodiscard]] const Business& business() const { return business_; }
    [[nodiscard]] const Ledger& ledger() const { return ledger_; }

    /// Forgets the last round's customers; its messages stay in the books. `targets`: the services
    /// that this round is about.
    void begin_round(std::vector<std::string> targets);
    /// Has one conversation handed over, so that its release can be part of the attack.
    void hand_one_over();
    /// Puts 40 questions of as many customers in flight at once, poison before each of the round's
    /// targets, and every other call a failpoint may hang on. Calls on dying services fail: that is
    /// the point. The answers to 24 of them are held back by their number's rate limit: whatever
    /// happens to the others, something is in flight.
    void fire();
    /// Messages that are inside us: Meta has its 200 for them, and their sends have not ended.
    /// While the ingress is dead also those that Meta has posted in vain: it may have had them in
    /// its hands.
    [[nodiscard]] std::size_t in_flight();
    /// To be called while something is dead that was killed, or right before: at least 20 messages
    /// are in flight, or soon will be, since the living go on taking in. From then on none is held
    /// back.
    void count_in_flight();
    /// The least that count_in_flight() saw.
    [[nodiscard]] std::size_t least_in_flight() const { return least_in_flight_; }
    /// Answers that wait at the connector because their number's rate is spent.
    [[nodiscard]] std::size_t held_back() const;
    /// To be called while the connector is dead: what it had on the wire, and nothing else, may
    /// become `unknown`.
    void note_wire();
    /// Meta's id of the message.
    std::string write(
        const std::string& number, const std::string& customer, const std::string& text
    );

    /// Lets Meta deliver what was refused, and waits until every message is stored, everything has
    /// ended and all poison is in the dead letters.
    [[nodiscard]] bool settle();
    [[nodiscard]] std::string describe() const;

    /// What must hold after every round; Catch assertions.
    void check_books();

 private:
    void hold_back();
    void call(const std::string& service, const std::function<void()>& what);

    const testkit::Stack& stack_;
    Phone phone_;
    Business business_;
    Ledger ledger_;
    Poison poison_;
    std::vector<std::string> poison_left_;  // as settle() saw it last
    std::vector<std::string> targets_;
    std::string handed_over_;
    std::size_t written_in_all_ = 0;
    std::set<std::string> taken_;  // customers of this round whose webhook was answered 200
    std::size_t least_in_flight_ = std::numeric_limits<std::size_t>::max();
    std::set<std::string> unknown_before_;
    std::set<std::string> on_wire_;  // of this round, when the connector died
    std::vector<std::pair<std::string, std::string>> round_;  // number, customer; one message each
    RateLimit rate_limit_;
    std::jthread holder_;
};

}  // namespace tecnochat::scenarios
