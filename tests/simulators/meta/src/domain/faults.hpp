#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tecnochat/core/clock.hpp"
#include "tecnochat/core/result.hpp"

namespace tecnochat::meta_simulator {

/// What can be made to go wrong. The README's table says what each looks like from outside.
enum class FaultKind {
    // Graph API, before the request is read.
    kRefuse,
    // Graph API, one per send.
    kStall,
    kAcceptThenCut,
    kRateLimited,
    kPairLimited,
    kServerErrorAfterAccept,
    kServerErrorBeforeAccept,
    kError,
    // Statuses of an accepted send.
    kWithholdEcho,
    kWithholdOpaque,
    kFailLater,
    // Webhook delivery.
    kDuplicate,
    kReorder,
    kDelay,
    kDrop,
};

std::string_view to_string(FaultKind kind);
Result<FaultKind> parse_fault_kind(std::string_view name);

enum class WebhookField { kMessages, kStatuses };

struct Fault {
    std::uint64_t id = 0;
    FaultKind kind = FaultKind::kRefuse;
    /// Empty: every number.
    std::string phone_number_id;
    /// How many more times it strikes; nullopt: until cleared.
    std::optional<int> remaining;
    std::uint64_t hits = 0;
    /// kStall, kDelay: how long. kStall in real time, kDelay in virtual time.
    Milliseconds duration{0};
    /// kStall: after the send was accepted instead of before.
    bool after_accept = false;
    /// kError, kFailLater, 5xx: the code to answer; 0: the kind's own.
    int code = 0;
    /// Overrides the code's HTTP status; 0: the code's own.
    int http_status = 0;
    /// Webhook faults: only this field; nullopt: both.
    std::optional<WebhookField> field;
};

/// The active faults, oldest first. Not thread-safe; the simulator's lock covers it.
class FaultPlan {
 public:
    /// At most this many faults at a time; more is RESOURCE_EXHAUSTED.
    static constexpr std::size_t kFaultsMax = 1000;

    Result<std::uint64_t> add(Fault fault);
    bool remove(std::uint64_t id);
    void clear() { faults_.clear(); }
    [[nodiscard]] const std::vector<Fault>& all() const { return faults_; }

    /// The oldest matching fault of `kinds`, counted down; a used-up fault stays listed with
    /// remaining 0 so that a test can see that it struck.
    std::optional<Fault> strike(
        std::initializer_list<FaultKind> kinds, std::string_view phone_number_id
    );
    std::optional<Fault> strike_webhook(WebhookField field, std::string_view phone_number_id);

 private:
    template <class Match>
    std::optional<Fault> strike_if(Match match);

    std::vector<Fault> faults_;
    std::uint64_t last_id_ = 0;
};

}  // namespace tecnochat::meta_simulator
