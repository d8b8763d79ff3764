// Goal: the pure rules of the send protocol: what an answer, an echo and silence make of a send.
// Method: tables.
#include <catch2/catch.hpp>

#include "domain/graph_answer.hpp"
#include "domain/send_protocol.hpp"

namespace tecnochat::whatsapp_connector {
namespace {

constexpr Timestamp kNow = Timestamp(Milliseconds(1'800'000'000'000));

GraphAnswer refused(int code, int subcode = 0) {
    return Refused{code, subcode};
}

}  // namespace

TEST_CASE("only a definite no goes back to the queue, with one more attempt") {
    CHECK(after_answer(NothingSent{"connect"}, 1).state == SendState::kQueued);
    CHECK(after_answer(NothingSent{"connect"}, 50).state == SendState::kQueued);
    CHECK(after_answer(NothingSent{"connect"}, 50).retry_in == Milliseconds(30'000));
    for (const int code : {130429, 131056, 4, 80007, 131048}) {
        INFO(code);
        const auto after = after_answer(refused(code), 1);
        CHECK(after.state == SendState::kQueued);
        CHECK(after.retry_in > Milliseconds(0));
    }
    CHECK(after_answer(Doubtful{"5xx"}, 1).state == SendState::kInDoubt);
}

TEST_CASE("a refusal without a code of Meta's: what may pass is tried again, the rest fails") {
    for (const int status : {408, 429}) {
        INFO(status);
        const GraphAnswer answer = Refused{.http_status = status};
        CHECK(after_answer(answer, 1).state == SendState::kQueued);
        CHECK(after_answer(answer, 1).retry_in > Milliseconds(0));
        const auto last = after_answer(answer, 8);
        CHECK(last.state == SendState::kFailed);
        CHECK(last.error_code == status);
        CHECK(last.failure == Failure::kRetriesExhausted);
    }
    for (const int status : {302, 400, 401, 403, 404, 413}) {
        INFO(status);
        const auto after = after_answer(Refused{.http_status = status}, 1);
        CHECK(after.state == SendState::kFailed);
        CHECK(after.error_code == status);
        CHECK(after.failure == Failure::kNone);
    }
}

TEST_CASE("the pair limit backs off 4^n seconds") {
    CHECK(after_answer(refused(131056), 1).retry_in == Milliseconds(4'000));
    CHECK(after_answer(refused(131056), 2).retry_in == Milliseconds(16'000));
    CHECK(after_answer(refused(131056), 7).retry_in == Milliseconds(256'000));
}

TEST_CASE("retries end, and say so") {
    const auto after = after_answer(refused(130429), 8);
    CHECK(after.state == SendState::kFailed);
    CHECK(after.failure == Failure::kRetriesExhausted);
    CHECK(after.error_code == 130429);
    CHECK(after_answer(refused(1), 3).state == SendState::kFailed);
}

TEST_CASE("permanent errors and a broken channel fail at once with Meta's code") {
    for (const int code : {100, 131047, 131026, 190, 10, 299, 368, 999999}) {
        INFO(code);
        const auto after = after_answer(refused(code), 1);
        CHECK(after.state == SendState::kFailed);
        CHECK(after.error_code == code);
    }
}

TEST_CASE("an echo settles whatever may have left this machine, even late") {
    using enum SendState;
    for (const auto state : {kWire, kAccepted, kInDoubt, kUnknown}) {
        CHECK(after_echo(state, EchoKind::kDelivered) == kSent);
        CHECK(after_echo(state, EchoKind::kFailed) == kFailed);
    }
    CHECK(after_echo(kSent, EchoKind::kFailed) == kFailed);
    CHECK_FALSE(after_echo(kSent, EchoKind::kDelivered).has_value());
    for (const auto echo : {EchoKind::kDelivered, EchoKind::kFailed}) {
        CHECK_FALSE(after_echo(kQueued, echo).has_value());
        CHECK_FALSE(after_echo(kClaimed, echo).has_value());
        CHECK_FALSE(after_echo(kFailed, echo).has_value());
    }
}

TEST_CASE("a doubt lasts T when the number's later statuses pass by, and 2 T at most") {
    const Milliseconds patience{10'000};
    const auto later = kNow + std::chrono::seconds(5);
    CHECK_FALSE(doubt_expired(kNow, later, kNow + patience - Milliseconds(1), patience));
    CHECK(doubt_expired(kNow, later, kNow + patience, patience));
    CHECK_FALSE(doubt_expired(kNow, std::nullopt, kNow + patience, patience));
    CHECK_FALSE(
        doubt_expired(kNow, kNow - patience, kNow + 2 * patience - Milliseconds(1), patience)
    );
    // Within the same second nothing proves which was first.
    CHECK_FALSE(doubt_expired(kNow, kNow + Milliseconds(900), kNow + patience, patience));
    CHECK(doubt_expired(kNow, std::nullopt, kNow + 2 * patience, patience));
}

TEST_CASE("every state has a name of its own and the terminal ones are three") {
    using enum SendState;
    int terminal = 0;
    for (const auto state :
         {kQueued, kClaimed, kWire, kAccepted, kInDoubt, kSent, kFailed, kUnknown}) {
        CHECK(parse_send_state(to_string(state)) == state);
        terminal += is_terminal(state) ? 1 : 0;
    }
    CHECK(terminal == 3);
    CHECK_FALSE(parse_send_state("lost").has_value());
}

}  // namespace tecnochat::whatsapp_connector
