#include "call_observer.hpp"

#include <chrono>
#include <memory>
#include <optional>

#include "tecnochat/core/result.hpp"
#include "tecnochat/rpc/errors.hpp"
#include "tecnochat/telemetry/log.hpp"
#include "tecnochat/telemetry/trace.hpp"

namespace tecnochat::rpc {
namespace {

using grpc::experimental::InterceptionHookPoints;
using grpc::experimental::InterceptorBatchMethods;

std::string code_name(int code) {
    if (code == grpc::StatusCode::OK) return "OK";
    return std::string(
        to_string(from_grpc(grpc::Status(static_cast<grpc::StatusCode>(code), "")).code)
    );
}

/// One per call. A synchronous handler runs between the two hooks on the same thread, so the trace
/// in scope is the handler's.
class CallObserver final : public grpc::experimental::Interceptor {
 public:
    CallObserver(const char* method, MethodMetrics& metrics)
        : method_(method), metrics_(metrics), started_(std::chrono::steady_clock::now()) {}

    void Intercept(InterceptorBatchMethods* methods) override {
        if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::POST_RECV_INITIAL_METADATA
            )) {
            trace_.emplace(trace_of(*methods));
        }
        if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_STATUS)) {
            finish(*methods);
        }
        methods->Proceed();
    }

 private:
    static telemetry::TraceContext trace_of(InterceptorBatchMethods& methods) {
        const auto* metadata = methods.GetRecvInitialMetadata();
        const grpc::string_ref key(
            telemetry::kTraceparentHeader.data(), telemetry::kTraceparentHeader.size()
        );
        const auto header = metadata->find(key);
        if (header != metadata->end()) {
            const std::string_view text(header->second.data(), header->second.size());
            if (const auto caller = telemetry::TraceContext::parse(text)) return caller->child();
        }
        return telemetry::TraceContext::generate();
    }

    void finish(InterceptorBatchMethods& methods) {
        grpc::Status status = methods.GetSendStatus();
        if (status.error_code() == grpc::StatusCode::UNKNOWN) {
            telemetry::log_error("rpc handler threw", {{"method", method_}});
            status = grpc::Status(grpc::StatusCode::INTERNAL, "internal error");
            methods.ModifySendStatus(status);
        }
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started_;
        metrics_.seconds.observe(took.count());
        metrics_.finished_by_code.at(static_cast<std::size_t>(status.error_code())).increment();
        trace_.reset();
    }

    const char* method_;
    MethodMetrics& metrics_;
    std::chrono::steady_clock::time_point started_;
    std::optional<telemetry::TraceScope> trace_;
};

}  // namespace

MethodMetrics& CallObserverFactory::metrics_of(const std::string& method) {
    return by_method_.with([&](auto& by_method) -> MethodMetrics& {
        const auto found = by_method.find(method);
        if (found != by_method.end()) return found->second;
        MethodMetrics& created = by_method[method];
        created.seconds = metrics_.histogram(
            "tecnochat_rpc_server_seconds", "How long calls took.", {{"method", method}}
        );
        for (std::size_t code = 0; code < created.finished_by_code.size(); ++code) {
            if (code == grpc::StatusCode::UNKNOWN) continue;  // always answered as INTERNAL
            created.finished_by_code[code] = metrics_.counter(
                "tecnochat_rpc_server_calls_total",
                "Finished calls by method and status code.",
                {{"method", method}, {"code", code_name(static_cast<int>(code))}}
            );
        }
        return created;
    });
}

grpc::experimental::Interceptor* CallObserverFactory::CreateServerInterceptor(
    grpc::experimental::ServerRpcInfo* info
) {
    // gRPC takes ownership of the bare pointer.
    return std::make_unique<CallObserver>(info->method(), metrics_of(info->method())).release();
}

}  // namespace tecnochat::rpc
