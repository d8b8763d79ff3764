#pragma once

#include <random>
#include <string>
#include <vector>

#include "tecnochat/core/uuid.hpp"
#include "tecnochat/testkit/stack.hpp"

namespace tecnochat::scenarios {

/// What chance a test takes: from TECNOCHAT_TEST_SEED, else any; printed once, so that a failing
/// run can be repeated. Not for names, which must be new on a stack that several runs share.
std::mt19937_64& chance();

/// A question and what its answer must hold.
struct Covered {
    std::string question;
    std::string answer_holds;
};

/// A business of its own for one test: tenant, numbers registered at Meta (simulated) and at the
/// connector, and knowledge of twenty breads with one price each, entered through the same RPCs the
/// panel will use.
class Business {
 public:
    Business(const testkit::Stack& stack, int numbers);

    [[nodiscard]] const TenantId& tenant() const { return tenant_; }
    [[nodiscard]] const std::vector<std::string>& numbers() const { return numbers_; }
    [[nodiscard]] const std::string& number() const { return numbers_.front(); }
    /// Twenty questions the knowledge covers, each with an answer of its own.
    static const std::vector<Covered>& covered();
    /// A question it does not cover.
    static std::string uncovered() { return "¿venden repuestos para motocicletas?"; }
    /// A customer's phone nobody else uses.
    [[nodiscard]] static std::string new_customer();

    /// How long a call may wait for its service; short where that service is being killed on
    /// purpose.
    void set_patience(Milliseconds patience) { patience_ = patience; }

    /// gRPC as the panel will do it.
    struct ConversationView {
        std::string id;
        bool human = false;
        std::int64_t epoch = 0;
        bool parked = false;
    };
    [[nodiscard]] ConversationView conversation(
        const std::string& number, const std::string& customer
    ) const;
    void release(const std::string& conversation_id) const;
    /// One more number of the business, which Meta knows and the suite does not until connect().
    [[nodiscard]] std::string number_at_meta() const;
    /// Registers the number at the connector; idempotent.
    void connect(const std::string& number) const;
    /// Enters one more item that no question of ours asks for.
    void enter_another_item() const;

 private:
    void enter_knowledge() const;

    const testkit::Stack& stack_;
    TenantId tenant_;
    std::vector<std::string> numbers_;
    Milliseconds patience_{15'000};
};

}  // namespace tecnochat::scenarios
