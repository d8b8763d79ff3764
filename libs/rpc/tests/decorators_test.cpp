// Goal: what is called again, when, and what its caller hears. Method: each decorator alone around
// a scripted call; the pauses are only noted.
#include <catch2/catch.hpp>
#include <deque>

#include "tecnochat/rpc/caller.hpp"

using namespace tecnochat;
using namespace tecnochat::rpc;
using namespace std::chrono_literals;

namespace {

constexpr int kCodes = static_cast<int>(ErrorCode::kDataLoss) + 1;

/// Fails with the given codes in turn, then succeeds.
struct Script {
    std::deque<ErrorCode> failures;
    int calls = 0;

    Invoke invoke() {
        return [this](Deadline) -> Status {
            ++calls;
            if (failures.empty()) return ok();
            const ErrorCode code = failures.front();
            failures.pop_front();
            return make_error(code, "failure " + std::to_string(calls));
        };
    }
};

struct Fixture {
    Script script;
    CallPolicy policy;
    double random = 0;
    std::vector<Milliseconds> slept;
    std::vector<ErrorCode> told;

    Status run(Effect effect, Deadline deadline = Deadline::after(1h)) {
        const Pauses pauses{
            [this] { return random; }, [this](Milliseconds pause) { slept.push_back(pause); }
        };
        const auto on_retry = [this](const Error& error) { told.push_back(error.code); };
        return retried(policy, effect, pauses, on_retry, script.invoke())(deadline);
    }
};

}  // namespace

TEST_CASE("by default only UNAVAILABLE and ABORTED are called again") {
    const CallPolicy policy;
    for (int i = 0; i < kCodes; ++i) {
        const auto code = static_cast<ErrorCode>(i);
        INFO(to_string(code));
        const bool aborted = code == ErrorCode::kAborted;
        CHECK(may_repeat(policy, Effect::kOnce, code) == aborted);
        CHECK(
            may_repeat(policy, Effect::kIdempotent, code) ==
            (aborted || code == ErrorCode::kUnavailable)
        );
    }
}

TEST_CASE("no policy has a call repeated whose work may have been done") {
    CallPolicy policy;
    for (int i = 0; i < kCodes; ++i) policy.codes.push_back(static_cast<ErrorCode>(i));
    CHECK_FALSE(may_repeat(policy, Effect::kOnce, ErrorCode::kDeadlineExceeded));
    CHECK_FALSE(may_repeat(policy, Effect::kOnce, ErrorCode::kUnavailable));
    CHECK(may_repeat(policy, Effect::kIdempotent, ErrorCode::kDeadlineExceeded));
}

TEST_CASE_METHOD(Fixture, "a peer that is back for the last attempt is enough") {
    script.failures = {ErrorCode::kUnavailable, ErrorCode::kAborted};
    CHECK(run(Effect::kIdempotent));
    CHECK(script.calls == 3);
    CHECK(told == std::vector{ErrorCode::kUnavailable, ErrorCode::kAborted});
    CHECK(slept == std::vector<Milliseconds>{50ms, 100ms});
}

TEST_CASE_METHOD(Fixture, "after the last attempt its own error is given") {
    script.failures = {
        ErrorCode::kUnavailable, ErrorCode::kUnavailable, ErrorCode::kAborted, ErrorCode::kAborted
    };
    const Status status = run(Effect::kIdempotent);
    REQUIRE_FALSE(status);
    CHECK(status.error().code == ErrorCode::kAborted);
    CHECK(status.error().message == "failure 3");
    CHECK(script.calls == 3);
    CHECK(told.size() == 2);
}

TEST_CASE_METHOD(Fixture, "an error that will stay is not asked for twice") {
    script.failures = {ErrorCode::kNotFound};
    CHECK(run(Effect::kIdempotent).error().code == ErrorCode::kNotFound);
    CHECK(script.calls == 1);
    CHECK(slept.empty());
}

TEST_CASE_METHOD(Fixture, "pauses double up to the longest and are shortened by up to a half") {
    policy.attempts_max = 8;
    policy.longest_pause = 300ms;
    script.failures.assign(7, ErrorCode::kUnavailable);
    SECTION("whole") {
        CHECK(run(Effect::kIdempotent));
        CHECK(slept == std::vector<Milliseconds>{50ms, 100ms, 200ms, 300ms, 300ms, 300ms, 300ms});
    }
    SECTION("shortened") {
        random = 0.5;
        CHECK(run(Effect::kIdempotent));
        CHECK(slept == std::vector<Milliseconds>{37ms, 75ms, 150ms, 225ms, 225ms, 225ms, 225ms});
    }
}

TEST_CASE_METHOD(Fixture, "a pause that would outlast the deadline is not made") {
    policy.first_pause = policy.longest_pause = 10s;
    script.failures = {ErrorCode::kUnavailable};
    const Status status = run(Effect::kIdempotent, Deadline::after(5s));
    REQUIRE_FALSE(status);
    CHECK(status.error().message == "failure 1");
    CHECK(script.calls == 1);
    CHECK(slept.empty());
    CHECK(told.empty());
}

TEST_CASE("the earlier of two deadlines counts") {
    Milliseconds seen{0};
    const Invoke call = limited(5s, [&](Deadline deadline) -> Status {
        seen = deadline.remaining();
        return ok();
    });
    CHECK(call(Deadline::after(1h)));
    CHECK(seen <= 5s);
    CHECK(seen > 4s);
    CHECK(call(Deadline::after(1s)));
    CHECK(seen <= 1s);
}

TEST_CASE("an expired deadline makes no attempt") {
    int attempts = 0;
    const Invoke call = over_wire([&](grpc::ClientContext&) {
        ++attempts;
        return grpc::Status::OK;
    });
    CHECK(call(Deadline::after(0ms)).error().code == ErrorCode::kDeadlineExceeded);
    CHECK(attempts == 0);
    CHECK(call(Deadline::after(1s)));
    CHECK(attempts == 1);
}

TEST_CASE_METHOD(Fixture, "a call is counted once, with the end its caller saw") {
    telemetry::Metrics metrics;
    Caller caller(
        "router", metrics, {}, {[] { return 0.0; }, [this](Milliseconds p) { slept.push_back(p); }}
    );
    int attempts = 0;
    const Method method{"GetItem", Effect::kIdempotent};
    CHECK(caller.run(method, Deadline::after(1h), [&](grpc::ClientContext&) {
        return ++attempts < 3 ? grpc::Status(grpc::StatusCode::UNAVAILABLE, "away")
                              : grpc::Status::OK;
    }));
    CHECK(
        caller
            .run(
                method,
                Deadline::after(1h),
                [](grpc::ClientContext&) {
                    return grpc::Status(grpc::StatusCode::NOT_FOUND, "GONE: no such item");
                }
            )
            .error()
            .reason == "GONE"
    );
    const std::string text = metrics.serialize();
    INFO(text);
    const auto holds = [&](const std::string& line) { return text.find(line) != text.npos; };
    const std::string labels = R"(method="GetItem",peer="router"} )";
    CHECK(holds(R"(tecnochat_rpc_client_calls_total{code="OK",)" + labels + "1\n"));
    CHECK(holds(R"(tecnochat_rpc_client_calls_total{code="NOT_FOUND",)" + labels + "1\n"));
    CHECK(holds(R"(tecnochat_rpc_client_retries_total{code="UNAVAILABLE",)" + labels + "2\n"));
    CHECK(holds(R"(tecnochat_rpc_client_seconds_count{)" + labels + "2\n"));
    CHECK_FALSE(holds(R"(tecnochat_rpc_client_calls_total{code="UNAVAILABLE")"));
}
