#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tecnochat/core/uuid.hpp"
#include "tecnochat/testkit/stack.hpp"

namespace tecnochat::postgres {
class Connection;
class Rows;
}  // namespace tecnochat::postgres

namespace tecnochat::scenarios {

/// What the services' databases hold for one tenant, read as administrator: the books that every
/// crash and every burst must leave in order.
class Ledger {
 public:
    Ledger(const testkit::Stack& stack, TenantId tenant);
    ~Ledger();

    struct Turn {
        std::string outcome;  // "" while open
        std::string reason;
        int inbound = 0;
        int outbound = 0;
    };
    [[nodiscard]] std::vector<Turn> turns() const;
    /// How often each inbound message id is stored.
    [[nodiscard]] std::map<std::string, int> inbound() const;
    /// Number of sends by state (whatsapp-connector).
    [[nodiscard]] std::map<std::string, int> sends() const;
    /// The same for one number's.
    [[nodiscard]] std::map<std::string, int> sends_of(const std::string& number) const;
    /// Ids of the sends in that state; waits for a commit that a dead process left under way.
    [[nodiscard]] std::set<std::string> sends_in(const std::string& state) const;
    /// Messages by status of the router for outbound ones.
    [[nodiscard]] std::map<std::string, int> outbound_by_status() const;
    [[nodiscard]] int parked_conversations() const;
    /// Sequences that are not 1, 2, 3, … within their conversation.
    [[nodiscard]] int sequence_gaps() const;
    /// Rows that wait in the outboxes of router and connector.
    [[nodiscard]] int unpublished() const;
    /// Those of the router that must not leave before an older one of their conversation.
    [[nodiscard]] int held_back() const;

    /// Everything that came in has an outcome, and every send has ended (sent, failed, unknown).
    [[nodiscard]] bool settled() const;
    /// A line for a failing test: what is not settled yet.
    [[nodiscard]] std::string describe() const;

 private:
    /// Of a statement that gives the columns key and count.
    [[nodiscard]] std::map<std::string, int> count(
        const std::string& service, const std::string& sql
    ) const;
    /// Column count of its first row.
    [[nodiscard]] int number(const std::string& service, const std::string& sql) const;

    /// On a connection that is kept, and opened anew after a crash of the server.
    [[nodiscard]] postgres::Rows query(const std::string& service, const std::string& sql) const;

    const testkit::Stack& stack_;
    TenantId tenant_;
    mutable std::map<std::string, std::unique_ptr<postgres::Connection>> connections_;
};

}  // namespace tecnochat::scenarios
