#pragma once

#include <grpcpp/support/server_interceptor.h>

#include <array>
#include <map>
#include <string>

#include "tecnochat/core/guarded.hpp"
#include "tecnochat/telemetry/metrics.hpp"

namespace tecnochat::rpc {

/// The metrics of one method; made once, then only counted.
struct MethodMetrics {
    telemetry::Histogram seconds;
    std::array<telemetry::Counter, 17> finished_by_code;  // index: grpc::StatusCode
};

/// Watches every call that was let in: counts and times it, makes its traceparent the handler's
/// trace, and turns what a throwing handler answers (gRPC says UNKNOWN) into INTERNAL.
class CallObserverFactory final : public grpc::experimental::ServerInterceptorFactoryInterface {
 public:
    explicit CallObserverFactory(telemetry::Metrics& metrics) : metrics_(metrics) {}
    grpc::experimental::Interceptor* CreateServerInterceptor(grpc::experimental::ServerRpcInfo* info
    ) override;

 private:
    MethodMetrics& metrics_of(const std::string& method);

    telemetry::Metrics& metrics_;
    Guarded<std::map<std::string, MethodMetrics>> by_method_;  // nodes never move
};

}  // namespace tecnochat::rpc
