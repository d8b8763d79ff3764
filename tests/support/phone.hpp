#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "tecnochat/testkit/stack.hpp"

namespace tecnochat::scenarios {

/// What a customer's phone shows, and what Meta was asked: the Meta simulator's control API.
class Phone {
 public:
    struct Message {
        std::string wamid;
        bool from_business = false;
        std::string text;
        std::string status;   // outbound: accepted, sent, delivered, read, failed
        std::string webhook;  // inbound: pending, accepted (answered 200), retrying, given_up
        std::string opaque;   // outbound
    };

    explicit Phone(const testkit::Stack& stack);

    /// Writes as that customer (created when new); Meta's id of the message.
    std::string write(
        const std::string& number, const std::string& customer, const std::string& text
    ) const;
    /// A message of any type or age, as POST …/messages of the control API takes it.
    std::string write_raw(
        const std::string& number, const std::string& customer, const nlohmann::json& message
    ) const;
    /// Every message of the thread, oldest first, once the business has sent at least `outbound` of
    /// them; throws after `seconds`.
    std::vector<Message> wait(
        const std::string& number, const std::string& customer, int outbound, int seconds = 20
    ) const;
    [[nodiscard]] std::vector<Message> messages(
        const std::string& number, const std::string& customer
    ) const;
    /// Until no webhook is on its way any more; throws after `seconds`.
    void wait_for_webhooks(int seconds = 30) const;

    void add_number(const std::string& number, const std::string& waba) const;
    void fault(const nlohmann::json& fault) const;
    void clear_faults() const;
    /// Webhooks that were refused wait for their next try; this makes them due.
    void advance_clock(int seconds) const;
    /// Logged requests of the business to Meta, newest filter wins; see the simulator's README.
    [[nodiscard]] nlohmann::json requests(const std::string& query) const;
    /// Our ids of all sends that Meta has accepted more than once.
    [[nodiscard]] std::vector<std::string> accepted_twice() const;

 private:
    std::string base_;
};

}  // namespace tecnochat::scenarios
