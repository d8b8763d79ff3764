#pragma once

#include <grpcpp/client_context.h>

#include <functional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "tecnochat/core/clock.hpp"
#include "tecnochat/core/result.hpp"
#include "tecnochat/rpc/client.hpp"
#include "tecnochat/telemetry/metrics.hpp"

namespace tecnochat::rpc {

/// What a second call does when the first may have been carried out.
enum class Effect {
    kIdempotent,  // nothing more
    kOnce,        // its work again: repeated only after ABORTED, which says that nothing was done
};

/// A method as its client calls it.
struct Method {
    std::string_view name;  // "ListConversations"; a label of the metrics
    Effect effect = Effect::kOnce;
};

struct CallPolicy {
    /// What may be called again. kAborted is the peer's transaction, rolled back as a whole.
    std::vector<ErrorCode> codes{ErrorCode::kUnavailable, ErrorCode::kAborted};
    int attempts_max = 3;
    /// Of one attempt; the call's own deadline bounds all of them together.
    Milliseconds attempt_limit{5000};
    /// Before the first retry; doubled by each further one up to the longest. Each is shortened at
    /// random, by up to a half, so that clients do not come back together.
    Milliseconds first_pause{50};
    Milliseconds longest_pause{1000};
};

/// Where a Caller gets its time and chance from.
struct Pauses {
    std::function<double()> random;  // 0 <= r < 1
    std::function<void(Milliseconds)> sleep;
    static Pauses real();
};

/// A call that can be made again: everything below it is told the deadline and gives a Status.
using Invoke = std::function<Status(Deadline)>;
/// One use of a stub, with a context of its own.
using Attempt = std::function<grpc::Status(grpc::ClientContext&)>;

// The decorators. A Caller stacks them in this order, outermost first:
//
//   counted    one call and its whole duration, as its caller saw it: retries are inside
//   retried    makes the attempts; sees the error of each
//   limited    one attempt's own limit: inside `retried`, so that a slow attempt does not use up
//              the time of the next one
//   over_wire  deadline and traceparent of one attempt; Status of gRPC to Error

/// Innermost. An expired deadline makes no attempt: kDeadlineExceeded.
Invoke over_wire(Attempt attempt);
/// The earlier of the caller's deadline and `longest` from now.
Invoke limited(Milliseconds longest, Invoke inner);
/// Again while policy and effect allow, and the pause before it ends within the deadline; gives the
/// last attempt's error. `on_retry` is told of each error that is followed by another attempt.
Invoke retried(
    CallPolicy policy,
    Effect effect,
    Pauses pauses,
    std::function<void(const Error&)> on_retry,
    Invoke inner
);
/// `done` is told how each call ended and how long it took.
Invoke counted(std::function<void(const Status&, Milliseconds)> done, Invoke inner);

/// True where a call that failed so may be made again.
bool may_repeat(const CallPolicy& policy, Effect effect, ErrorCode code);

/// Calls one peer: deadline, retries and metrics of every call in one place. Thread-safe; `metrics`
/// outlives it. Metrics: tecnochat_rpc_client_calls_total{peer,method,code},
/// tecnochat_rpc_client_retries_total{peer,method,code} and
/// tecnochat_rpc_client_seconds{peer,method}.
class Caller {
 public:
    Caller(
        std::string peer,
        telemetry::Metrics& metrics,
        CallPolicy policy = {},
        Pauses pauses = Pauses::real()
    );

    /// `caller.call(*stub, &Stub::GetItem, {"GetItem", Effect::kIdempotent}, request, deadline)`:
    /// the response, or what the peer said (from_grpc).
    template <class Stub, class Request, class Response>
    Result<Response> call(
        Stub& stub,
        grpc::Status (Stub::*rpc)(grpc::ClientContext*, const Request&, Response*),
        const Method& method,
        const std::type_identity_t<Request>& request,
        Deadline deadline
    ) {
        Response response;
        TECNOCHAT_CHECK(run(method, deadline, [&](grpc::ClientContext& context) {
            response.Clear();
            return (stub.*rpc)(&context, request, &response);
        }));
        return response;
    }
    /// The same for an attempt of any shape; it may be made more than once.
    Status run(const Method& method, Deadline deadline, Attempt attempt);

 private:
    void finished(std::string_view method, const Status& status, Milliseconds took);
    void retrying(std::string_view method, const Error& error);

    std::string peer_;
    telemetry::Metrics& metrics_;
    CallPolicy policy_;
    Pauses pauses_;
};

}  // namespace tecnochat::rpc
