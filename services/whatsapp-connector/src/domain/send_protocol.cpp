#include "domain/send_protocol.hpp"

#include <algorithm>

#include "domain/message_id.hpp"

namespace tecnochat::whatsapp_connector {
namespace {

constexpr int kMaxAttempts = 8;
constexpr int kFewAttempts = 3;
constexpr Milliseconds kWaitPause{60'000};
constexpr Milliseconds kMaxBackoff{256'000};
constexpr Milliseconds kMaxReconnectPause{30'000};

template <class... Cases>
struct Overloaded : Cases... {
    using Cases::operator()...;
};

/// 4^attempt seconds, as Meta asks for the pair limit, capped; nothing faster makes sense for the
/// other codes either.
Milliseconds backoff(int attempt) {
    Milliseconds pause{1000};
    for (int i = 0; i < attempt && pause < kMaxBackoff; ++i) pause *= 4;
    return std::min(pause, kMaxBackoff);
}

/// Half a second, doubled per attempt, at most 30 s.
Milliseconds reconnect_pause(int attempt) {
    Milliseconds pause{500};
    for (int i = 1; i < attempt && pause < kMaxReconnectPause; ++i) pause *= 2;
    return std::min(pause, kMaxReconnectPause);
}

AfterAnswer try_again(int attempt, int most, Milliseconds pause, int code) {
    if (attempt >= most)
        return {
            .state = SendState::kFailed, .error_code = code, .failure = Failure::kRetriesExhausted
        };
    return {.state = SendState::kQueued, .error_code = code, .retry_in = pause};
}

/// Waits for which Meta asks a day or more: the customer's 24-hour window is closed by then, and
/// the conversation's later texts would wait behind this one.
bool outlasts_window(int code) {
    return code == 131049 || code == 133016;
}

/// How long a refusal that may pass asks to wait, if its headers do not ask for more.
Milliseconds pause_after(const Refused& refused, int attempt) {
    const auto own = classify_refusal(refused) == ErrorClass::kWait ? kWaitPause : backoff(attempt);
    return std::max(own, refused.pause);
}

AfterAnswer after_refusal(const Refused& refused, int attempt) {
    const int cause = refused.cause();
    const auto pause = pause_after(refused, attempt);
    switch (classify_refusal(refused)) {
        case ErrorClass::kRetry:
            return try_again(attempt, kMaxAttempts, pause, cause);
        case ErrorClass::kFewTries:
            return try_again(attempt, kFewAttempts, pause, cause);
        case ErrorClass::kWait:
            if (outlasts_window(cause)) break;
            return try_again(attempt, kMaxAttempts, pause, cause);
        case ErrorClass::kStop:
        case ErrorClass::kPermanent:
            break;
    }
    return {.state = SendState::kFailed, .error_code = cause};
}

}  // namespace

AfterAnswer after_answer(const GraphAnswer& answer, int attempt) {
    return std::visit(
        Overloaded{
            // An outage may last: the 24-hour window, checked on entering `wire`, is what ends the
            // tries.
            [&](const NothingSent&) {
                return AfterAnswer{
                    .state = SendState::kQueued, .retry_in = reconnect_pause(attempt)
                };
            },
            [](const Accepted& accepted) {
                return AfterAnswer{
                    .state = SendState::kAccepted, .wamid = kept_message_id(accepted.wamid)
                };
            },
            [&](const Refused& refused) { return after_refusal(refused, attempt); },
            [](const Doubtful&) { return AfterAnswer{.state = SendState::kInDoubt}; },
        },
        answer
    );
}

std::optional<ScopeHold> hold_after(const GraphAnswer& answer, int attempt) {
    const auto* refused = std::get_if<Refused>(&answer);
    if (refused == nullptr) return std::nullopt;
    const auto error_class = classify_refusal(*refused);
    if (error_class == ErrorClass::kStop || error_class == ErrorClass::kPermanent ||
        outlasts_window(refused->cause())) {
        return std::nullopt;
    }
    const auto scope = scope_of(*refused);
    if (scope != ErrorScope::kNumber && scope != ErrorScope::kWaba && scope != ErrorScope::kApp)
        return std::nullopt;
    return ScopeHold{scope, pause_after(*refused, attempt)};
}

std::optional<SendState> after_echo(SendState state, EchoKind echo) noexcept {
    const bool on_its_way = state == SendState::kWire || state == SendState::kAccepted ||
                            state == SendState::kInDoubt || state == SendState::kUnknown;
    if (on_its_way) return echo == EchoKind::kFailed ? SendState::kFailed : SendState::kSent;
    if (state == SendState::kSent && echo == EchoKind::kFailed) return SendState::kFailed;
    return std::nullopt;
}

bool doubt_expired(
    Timestamp wire_at,
    std::optional<Timestamp> number_watermark,
    Timestamp now,
    Milliseconds patience
) noexcept {
    if (now < wire_at + patience) return false;
    if (now >= wire_at + 2 * patience) return true;
    // Meta's times are whole seconds: only a strictly later second proves that the status is the
    // younger one.
    return number_watermark && *number_watermark > wire_at + std::chrono::seconds(1);
}

}  // namespace tecnochat::whatsapp_connector
