#pragma once

#include <array>

#include "domain/graph_answer.hpp"

namespace tecnochat::whatsapp_connector {

/// What a Meta error concerns: the most that a retry or a stop may touch.
enum class ErrorScope { kMessage, kPair, kNumber, kWaba, kApp, kTemplate };

/// One row for the codes from `first` to `last`.
struct ErrorRule {
    static constexpr int kAnySubcode = -1;

    int first;
    int last;
    int subcode;
    ErrorClass error_class;
    ErrorScope scope;

    [[nodiscard]] constexpr bool holds_for(int code, int sub) const {
        return code >= first && code <= last && (subcode == kAnySubcode || subcode == sub);
    }
};

namespace error_rows {

using enum ErrorClass;
using enum ErrorScope;

constexpr ErrorRule range(int first, int last, ErrorClass error_class, ErrorScope scope) {
    return {first, last, ErrorRule::kAnySubcode, error_class, scope};
}
constexpr ErrorRule one(int code, ErrorClass error_class, ErrorScope scope) {
    return range(code, code, error_class, scope);
}
constexpr ErrorRule sub(int code, int subcode, ErrorClass error_class, ErrorScope scope) {
    return {code, code, subcode, error_class, scope};
}

}  // namespace error_rows

/// Source: Meta, "Error codes" of the Cloud API. By class; of two rows that hold the first counts,
/// so a row with a subcode stands before the one of any. A code that is not here is permanent for
/// its message.
inline constexpr std::array kErrorRules = [] {
    using namespace error_rows;
    return std::array{
        one(2, kRetry, kApp),
        one(130429, kRetry, kNumber),
        one(131016, kRetry, kApp),
        one(131056, kRetry, kPair),
        one(131057, kRetry, kNumber),
        one(133004, kRetry, kApp),
        one(2494100, kRetry, kNumber),

        one(1, kFewTries, kMessage),
        one(131000, kFewTries, kMessage),
        one(131052, kFewTries, kMessage),
        one(131059, kFewTries, kMessage),
        one(133000, kFewTries, kNumber),

        one(4, kWait, kApp),
        one(80007, kWait, kWaba),
        one(131048, kWait, kNumber),
        one(131049, kWait, kPair),
        one(132015, kWait, kTemplate),
        one(132069, kWait, kTemplate),
        one(133015, kWait, kNumber),
        one(133016, kWait, kNumber),

        one(0, kStop, kWaba),
        one(3, kStop, kWaba),
        one(10, kStop, kWaba),
        one(33, kStop, kNumber),
        // 100 is a bad parameter, but with these subcodes the number is gone or no longer ours, or
        // not registered.
        sub(100, 33, kStop, kNumber),
        sub(100, 133010, kStop, kNumber),
        one(190, kStop, kWaba),
        range(200, 299, kStop, kWaba),
        one(368, kStop, kWaba),
        one(131005, kStop, kWaba),
        one(131031, kStop, kWaba),
        one(131037, kStop, kNumber),
        one(131042, kStop, kWaba),
        one(131044, kStop, kWaba),
        one(131045, kStop, kNumber),
        one(131063, kStop, kWaba),
        one(131064, kStop, kWaba),
        one(132001, kStop, kTemplate),
        one(132016, kStop, kTemplate),
        one(132068, kStop, kTemplate),
        one(133005, kStop, kNumber),
        one(133006, kStop, kNumber),
        one(133008, kStop, kNumber),
        one(133009, kStop, kNumber),
        one(133010, kStop, kNumber),
        one(134011, kStop, kWaba),
        range(134100, 134102, kStop, kWaba),
        one(137000, kStop, kPair),

        one(100, kPermanent, kMessage),
        one(130403, kPermanent, kPair),
        one(130472, kPermanent, kPair),
        one(130497, kPermanent, kPair),
        one(131008, kPermanent, kMessage),
        one(131009, kPermanent, kMessage),
        one(131020, kPermanent, kMessage),
        one(131021, kPermanent, kPair),
        one(131026, kPermanent, kPair),
        one(131030, kPermanent, kPair),
        one(131041, kPermanent, kMessage),
        one(131047, kPermanent, kPair),
        one(131050, kPermanent, kPair),
        one(131051, kPermanent, kMessage),
        one(131053, kPermanent, kMessage),
        one(131055, kPermanent, kMessage),
        one(131060, kPermanent, kMessage),
        one(131061, kPermanent, kTemplate),
        one(131062, kPermanent, kMessage),
        one(132000, kPermanent, kTemplate),
        one(132005, kPermanent, kTemplate),
        one(132007, kPermanent, kTemplate),
        one(132008, kPermanent, kTemplate),
        one(132012, kPermanent, kTemplate),
        one(132018, kPermanent, kTemplate),
        one(135000, kPermanent, kMessage),
        range(138000, 138999, kPermanent, kMessage),
        range(139000, 139004, kPermanent, kMessage),
        range(139100, 139103, kPermanent, kMessage),
        range(147001, 147004, kPermanent, kMessage),
        one(1752041, kPermanent, kMessage),
        one(2388019, kPermanent, kTemplate),
        one(2388024, kPermanent, kTemplate),
        one(2388040, kPermanent, kTemplate),
        one(2388293, kPermanent, kTemplate),
        one(2388299, kPermanent, kTemplate),
        one(2593107, kPermanent, kMessage),
        one(2593108, kPermanent, kMessage),
        one(2593109, kPermanent, kMessage),
    };
}();

/// The row of a code, nullptr for one that Meta's table does not have.
constexpr const ErrorRule* find_error_rule(int code, int subcode) {
    for (const auto& rule : kErrorRules) {
        if (rule.holds_for(code, subcode)) return &rule;
    }
    return nullptr;
}

/// Whom a refusal concerns.
ErrorScope scope_of(const Refused& refused) noexcept;

}  // namespace tecnochat::whatsapp_connector
