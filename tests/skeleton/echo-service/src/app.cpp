#include "app.hpp"

#include "consumers.hpp"
#include "rpc/echo_rpc.hpp"

namespace tecnochat::echo_service {
namespace {

runtime::ServiceSteps steps{"echo-service", kShape};

class EchoApp final : public runtime::ServiceApp {
 public:
    EchoApp(const Config& config, telemetry::Metrics& metrics)
        : ServiceApp(
              steps, config.service, {.tenants = [this] { return store_.tenants(); }}, metrics
          ) {
        serve(echo_rpc_);
        consume(kRequests, keep_requests(runtime(), keep_echoes_));
    }

 private:
    EchoStore store_{pool()};
    KeepEchoes keep_echoes_{outbox(), clock()};
    ReadEchoes read_echoes_{store_};
    EchoRpc echo_rpc_{read_echoes_};
};

}  // namespace

std::unique_ptr<runtime::App> make_app(const Config& config, telemetry::Metrics& metrics) {
    return std::make_unique<EchoApp>(config, metrics);
}

}  // namespace tecnochat::echo_service
