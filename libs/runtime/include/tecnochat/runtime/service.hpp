#pragma once

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>

#include "tecnochat/config/options.hpp"
#include "tecnochat/core/clock.hpp"
#include "tecnochat/core/result.hpp"
#include "tecnochat/telemetry/metrics.hpp"

namespace tecnochat::runtime {

/// Thrown by a composition root for what the operator set wrongly (an unreadable allow-list, say):
/// exit code 2 instead of 1.
class SettingsError : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// What main() runs: the composition root of a service. Constructing it wires everything and may
/// throw (cannot start); start() begins to consume and serve and fails with one clear line; ready()
/// is asked by /readyz from another thread; stop() ends intake, finishes what is under way within
/// the deadline, and commits.
class App {
 public:
    virtual ~App() = default;
    virtual Status start() = 0;
    [[nodiscard]] virtual bool ready() const = 0;
    /// Called once, also after a failed start(). A process that is still stopping 2 s after the
    /// deadline ends itself with exit code 1.
    virtual void stop(Deadline deadline) = 0;
};

struct ServiceSpec {
    std::string name;         // "message-router"
    std::string description;  // one sentence for --help
    /// Declares the service's own settings; the runtime adds admin-listen, log-level,
    /// drain-timeout-ms, --version, --list-failpoints.
    std::function<void(config::Options&)> declare;
    /// Called after settings were read, logging started and signals blocked.
    std::function<std::unique_ptr<App>(telemetry::Metrics&)> make;
};

/// The whole life of a service process: settings, logging, failpoints, signals blocked before any
/// thread, admin port
/// (/metrics /livez /readyz /version, PUT /log-level), start, wait for SIGTERM or SIGINT or
/// request_stop(), readiness off, stop within drain-timeout, exit code (0 after a clean stop, 2 bad
/// settings, 1 anything else).
int run_service(int argc, char** argv, const ServiceSpec& spec);

/// Ends the process in order, from any thread, with this exit code; for what cannot go on (a fatal
/// Kafka error).
void request_stop(int exit_code, std::string reason);

}  // namespace tecnochat::runtime
