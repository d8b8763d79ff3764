#include "tecnochat/rpc/caller.hpp"

#include <algorithm>
#include <chrono>
#include <random>
#include <thread>
#include <utility>

#include "tecnochat/core/assert.hpp"
#include "tecnochat/rpc/errors.hpp"

namespace tecnochat::rpc {
namespace {

using Steady = std::chrono::steady_clock;

/// Before the retry after `attempt` attempts.
Milliseconds pause_after(int attempt, const CallPolicy& policy, double random) {
    Milliseconds whole = std::min(policy.first_pause, policy.longest_pause);
    for (int i = 1; i < attempt && whole < policy.longest_pause; ++i) {
        whole = std::min(whole * 2, policy.longest_pause);
    }
    const auto shortened = static_cast<double>(whole.count()) * (1.0 - random / 2);
    return Milliseconds(static_cast<Milliseconds::rep>(shortened));
}

}  // namespace

Pauses Pauses::real() {
    return {
        [] {
            static thread_local std::mt19937_64 engine{std::random_device{}()};
            return std::uniform_real_distribution<double>(0, 1)(engine);
        },
        [](Milliseconds pause) { std::this_thread::sleep_for(pause); }
    };
}

bool may_repeat(const CallPolicy& policy, Effect effect, ErrorCode code) {
    const bool listed =
        std::find(policy.codes.begin(), policy.codes.end(), code) != policy.codes.end();
    return listed && (effect == Effect::kIdempotent || code == ErrorCode::kAborted);
}

Invoke over_wire(Attempt attempt) {
    return [attempt = std::move(attempt)](Deadline deadline) -> Status {
        if (deadline.expired()) {
            return make_error(ErrorCode::kDeadlineExceeded, "no time was left for the call");
        }
        grpc::ClientContext context;
        prepare(context, deadline);
        const grpc::Status status = attempt(context);
        if (!status.ok()) return from_grpc(status);
        return ok();
    };
}

Invoke limited(Milliseconds longest, Invoke inner) {
    return [longest, inner = std::move(inner)](Deadline deadline) {
        const auto own = Steady::now() + longest;
        return inner(Deadline::at(std::min(own, deadline.time_point())));
    };
}

Invoke retried(
    CallPolicy policy,
    Effect effect,
    Pauses pauses,
    std::function<void(const Error&)> on_retry,
    Invoke inner
) {
    TECNOCHAT_ASSERT(policy.attempts_max > 0, "a call is made at least once");
    return [policy = std::move(policy),
            effect,
            pauses = std::move(pauses),
            on_retry = std::move(on_retry),
            inner = std::move(inner)](Deadline deadline) {
        for (int attempt = 1;; ++attempt) {
            Status status = inner(deadline);
            if (status || attempt == policy.attempts_max) return status;
            if (!may_repeat(policy, effect, status.error().code)) return status;
            const Milliseconds pause = pause_after(attempt, policy, pauses.random());
            // The error of an attempt says more than that time ran out while waiting.
            if (pause >= deadline.remaining()) return status;
            on_retry(status.error());
            pauses.sleep(pause);
        }
    };
}

Invoke counted(std::function<void(const Status&, Milliseconds)> done, Invoke inner) {
    return [done = std::move(done), inner = std::move(inner)](Deadline deadline) {
        const auto begun = Steady::now();
        Status status = inner(deadline);
        done(status, std::chrono::duration_cast<Milliseconds>(Steady::now() - begun));
        return status;
    };
}

Caller::Caller(std::string peer, telemetry::Metrics& metrics, CallPolicy policy, Pauses pauses)
    : peer_(std::move(peer)),
      metrics_(metrics),
      policy_(std::move(policy)),
      pauses_(std::move(pauses)) {}

Status Caller::run(const Method& method, Deadline deadline, Attempt attempt) {
    const auto on_retry = [&](const Error& error) { retrying(method.name, error); };
    const auto done = [&](const Status& status, Milliseconds took) {
        finished(method.name, status, took);
    };
    Invoke call = over_wire(std::move(attempt));
    call = limited(policy_.attempt_limit, std::move(call));
    call = retried(policy_, method.effect, pauses_, on_retry, std::move(call));
    call = counted(done, std::move(call));
    return call(deadline);
}

void Caller::finished(std::string_view method, const Status& status, Milliseconds took) {
    const std::string name(method);
    const std::string code(status ? "OK" : to_string(status.error().code));
    metrics_
        .counter(
            "tecnochat_rpc_client_calls_total",
            "Finished calls by peer, method and status code; retries belong to their call.",
            {{"peer", peer_}, {"method", name}, {"code", code}}
        )
        .increment();
    metrics_
        .histogram(
            "tecnochat_rpc_client_seconds",
            "How long calls took their caller, retries included.",
            {{"peer", peer_}, {"method", name}}
        )
        .observe(std::chrono::duration<double>(took).count());
}

void Caller::retrying(std::string_view method, const Error& error) {
    metrics_
        .counter(
            "tecnochat_rpc_client_retries_total",
            "Attempts that failed and were followed by another one, by what they failed with.",
            {{"peer", peer_},
             {"method", std::string(method)},
             {"code", std::string(to_string(error.code))}}
        )
        .increment();
}

}  // namespace tecnochat::rpc
