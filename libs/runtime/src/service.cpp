#include "tecnochat/runtime/service.hpp"

#include <fmt/format.h>
#include <pthread.h>

#include <csignal>
#include <cstdio>
#include <optional>

#include "admin_server.hpp"
#include "listen_address.hpp"
#include "tecnochat/core/failpoint.hpp"
#include "tecnochat/core/guarded.hpp"
#include "tecnochat/telemetry/log.hpp"
#include "watchdog.hpp"

namespace tecnochat::runtime {
namespace {

constexpr int kExitFailure = 1;
constexpr int kExitSettings = 2;
/// What a stop may take beyond the drain timeout before the process ends itself.
constexpr Milliseconds kStopGrace{2000};

struct RuntimeSettings {
    std::string admin_listen = "127.0.0.1:0";
    std::string log_level = "info";
    Milliseconds drain_timeout{10'000};
};

struct StopRequest {
    int exit_code = 0;
    std::string reason;
};

Guarded<std::optional<StopRequest>>& stop_request() {
    static Guarded<std::optional<StopRequest>> request;
    return request;
}

sigset_t stop_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    return signals;
}

void declare_runtime(config::Options& options, RuntimeSettings& settings) {
    options
        .text(
            "admin-listen",
            settings.admin_listen,
            "host:port of metrics and health; port 0 picks one"
        )
        .text("log-level", settings.log_level, "debug, info, warning or error")
        .duration(
            "drain-timeout-ms",
            settings.drain_timeout,
            Milliseconds(0),
            Milliseconds(300'000),
            "how long a stop may wait for work under way"
        )
        .answer(
            "version", "prints the version and exits", [] { fmt::print("{}\n", TECNOCHAT_VERSION); }
        )
        .answer("list-failpoints", "prints the crash tests' failpoints and exits", [] {
            for (const auto& name : failpoint_names()) fmt::print("{}\n", name);
        });
}

int settings_failed(const std::string& service, const std::string& message) {
    fmt::print(stderr, "{}: {}\n", service, message);
    return kExitSettings;
}

int start_failed(const std::string& message, int exit_code) {
    telemetry::log_error("cannot start", {{"error", message}});
    return exit_code;
}

/// What /readyz asks: whether there is a started App and it says it is ready. The App is withdrawn
/// before it stops, so no probe can meet a dying one.
class Readiness {
 public:
    void offer(const App* app) {
        app_.with([app](const App*& current) { current = app; });
    }
    void withdraw() { offer(nullptr); }
    [[nodiscard]] bool ready() const {
        return app_.with([](const App* app) { return app != nullptr && app->ready(); });
    }

 private:
    Guarded<const App*> app_;
};

int wait_for_stop() {
    const sigset_t signals = stop_signals();
    int received = 0;
    while (sigwait(&signals, &received) != 0) {
    }
    const auto request = stop_request().with([](const auto& value) { return value; });
    if (!request) {
        telemetry::log_info("stopping", {{"signal", received}});
        return 0;
    }
    telemetry::log(
        request->exit_code == 0 ? telemetry::Level::kInfo : telemetry::Level::kError,
        "stopping on request",
        {{"reason", request->reason}, {"exit_code", request->exit_code}}
    );
    return request->exit_code;
}

void stop_app(std::unique_ptr<App> app, Milliseconds drain_timeout) {
    const Watchdog watchdog(drain_timeout + kStopGrace);
    app->stop(Deadline::after(drain_timeout));
    app.reset();  // inside the watchdog: destructors join threads
}

int run_app(const ServiceSpec& spec, const RuntimeSettings& settings, ListenAddress listen) {
    telemetry::Metrics metrics;
    Readiness readiness;
    const AdminServer admin(
        {spec.name, TECNOCHAT_VERSION, std::move(listen)},
        metrics,
        [&readiness] { return readiness.ready(); }
    );
    telemetry::log_info("admin port is open", {{"port", admin.port()}});

    auto app = spec.make(metrics);
    if (const auto started = app->start(); !started) {
        stop_app(std::move(app), settings.drain_timeout);
        return start_failed(started.error().message, kExitFailure);
    }
    readiness.offer(app.get());
    telemetry::log_info("started", {{"version", TECNOCHAT_VERSION}});

    const int exit_code = wait_for_stop();
    readiness.withdraw();
    stop_app(std::move(app), settings.drain_timeout);
    telemetry::log_info("stopped", {{"exit_code", exit_code}});
    return exit_code;
}

}  // namespace

int run_service(int argc, char** argv, const ServiceSpec& spec) {
    std::signal(SIGPIPE, SIG_IGN);  // a peer that went away is an error of that write, not our end
    RuntimeSettings settings;
    config::Options options(spec.name, spec.description);
    declare_runtime(options, settings);
    spec.declare(options);
    const auto outcome = options.parse(argc, argv);
    if (!outcome) return settings_failed(spec.name, outcome.error().message);
    if (*outcome == config::Outcome::kAnswered) return 0;

    const auto level = telemetry::parse_level(settings.log_level);
    if (!level) return settings_failed(spec.name, level.error().message);
    auto listen = parse_listen_address(settings.admin_listen);
    if (!listen) return settings_failed(spec.name, "admin-listen " + listen.error().message);
    const auto armed = arm_failpoints_from_environment();
    if (!armed) return settings_failed(spec.name, armed.error().message);

    telemetry::init_logging(spec.name, *level);
    telemetry::log_info("settings", {{"effective", options.effective()}});
    const sigset_t signals = stop_signals();
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);  // before any thread: all inherit it
    try {
        return run_app(spec, settings, *std::move(listen));
    } catch (const SettingsError& error) {
        return start_failed(error.what(), kExitSettings);
    } catch (const std::exception& error) {
        return start_failed(error.what(), kExitFailure);
    }
}

void request_stop(int exit_code, std::string reason) {
    const bool is_first = stop_request().with([&](std::optional<StopRequest>& request) {
        if (request) return false;
        request = StopRequest{exit_code, std::move(reason)};
        return true;
    });
    // Blocked in every thread, so it stays pending until main waits for it.
    if (is_first) kill(getpid(), SIGTERM);
}

}  // namespace tecnochat::runtime
