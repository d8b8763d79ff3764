#include "domain/model.hpp"

#include "tecnochat/core/assert.hpp"

namespace tecnochat::meta_simulator {

std::string_view to_string(StatusKind kind) {
    switch (kind) {
        case StatusKind::kSent:
            return "sent";
        case StatusKind::kDelivered:
            return "delivered";
        case StatusKind::kRead:
            return "read";
        case StatusKind::kFailed:
            return "failed";
    }
    TECNOCHAT_ASSERT(false, "unknown status kind");
}

std::string_view to_string(WebhookState state) {
    switch (state) {
        case WebhookState::kNone:
            return "none";
        case WebhookState::kPending:
            return "pending";
        case WebhookState::kAccepted:
            return "accepted";
        case WebhookState::kRetrying:
            return "retrying";
        case WebhookState::kGivenUp:
            return "given_up";
    }
    TECNOCHAT_ASSERT(false, "unknown webhook state");
}

}  // namespace tecnochat::meta_simulator
