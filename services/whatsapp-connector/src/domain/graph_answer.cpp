#include "domain/graph_answer.hpp"

#include "domain/error_table.hpp"

namespace tecnochat::whatsapp_connector {

// "Something went wrong" and "service unavailable" say that Meta broke, not that it declined: the
// message may be out. They come as 500, and are no more believable as anything else.
bool is_unsure(int code) noexcept {
    return code == 131000 || code == 131016;
}

namespace {
constexpr int kRequestTimeout = 408;
constexpr int kTooManyRequests = 429;
}  // namespace

ErrorScope scope_of(const Refused& refused) noexcept {
    if (refused.code) {
        if (const auto* rule = find_error_rule(*refused.code, refused.subcode)) return rule->scope;
    }
    return refused.http_status == kTooManyRequests ? ErrorScope::kNumber : ErrorScope::kMessage;
}

ErrorClass classify_refusal(const Refused& refused) noexcept {
    if (refused.code) {
        if (const auto* rule = find_error_rule(*refused.code, refused.subcode))
            return rule->error_class;
    }
    // No error of Meta's that we know. A proxy or a load balancer may have written it, and two
    // statuses say that it may pass.
    return refused.http_status == kRequestTimeout || refused.http_status == kTooManyRequests
               ? ErrorClass::kRetry
               : ErrorClass::kPermanent;
}

}  // namespace tecnochat::whatsapp_connector
