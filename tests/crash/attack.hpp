#pragma once

#include <string>
#include <utility>
#include <vector>

#include "poison.hpp"
#include "support/business.hpp"
#include "support/ledger.hpp"
#include "support/phone.hpp"
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

    [[nodiscard]] const Phone& phone() const { return phone_; }
    [[nodiscard]] const Business& business() const { return business_; }
    [[nodiscard]] const Ledger& ledger() const { return ledger_; }

    /// Forgets the last round's customers; its messages stay in the books. `targets`: the services
    /// that this round is about.
    void begin_round(std::vector<std::string> targets);
    /// Has one conversation handed over, so that its release can be part of the attack.
    void hand_one_over();
    /// Puts 25 questions of as many customers in flight, poison before each of the round's targets,
    /// and every other call a failpoint may hang on. Calls on dying services fail: that is the
    /// point.
    void fire();
    /// Meta's id of the message.
    std::string write(
        const std::string& number, const std::string& customer, const std::string& text
    );

    /// Lets Meta deliver what was refused, and waits until every message is stored, everything has
    /// ended and all poison is set aside.
    [[nodiscard]] bool settle();
    [[nodiscard]] std::string describe() const;

    /// What must hold after every round; Catch assertions.
    void check_books(bool sends_may_be_unknown);

 private:
    [[nodiscard]] int unknown() const;

    const testkit::Stack& stack_;
    Phone phone_;
    Business business_;
    Ledger ledger_;
    Poison poison_;
    std::vector<std::string> poison_left_;  // as settle() saw it last
    std::vector<std::string> targets_;
    std::string handed_over_;
    std::size_t written_in_all_ = 0;
    int unknown_before_ = 0;
    std::vector<std::pair<std::string, std::string>> round_;  // number, customer; one message each
};

}  // namespace tecnochat::scenarios
