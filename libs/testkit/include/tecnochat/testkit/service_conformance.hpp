#pragma once

#include <sys/types.h>

#include <chrono>
#include <map>
#include <string>
#include <vector>

namespace tecnochat::testkit {

/// A built service and settings it starts with.
struct ServiceUnderTest {
    std::string name;
    std::string binary;
    std::vector<std::string> flags;
    std::map<std::string, std::string> environment;
};

/// What every service promises to whoever runs it. Each throws std::runtime_error that says what
/// was expected and what came.

/// --help, --version and --list-failpoints answer with 0; every failpoint's name begins with the
/// service's.
void check_answers(const ServiceUnderTest& service);
/// An unknown flag and an unknown TECNOCHAT_ variable: exit code 2 and one line that names it.
void check_unknown_settings(const ServiceUnderTest& service);
/// Started with `flags` and `environment` on top, it must not start: one line "cannot start" and
/// this exit code.
void check_cannot_start(
    const ServiceUnderTest& service,
    const std::vector<std::string>& flags,
    const std::map<std::string, std::string>& environment,
    int exit_code
);

/// The service as a process, from its start on; killed with the object. Its log goes to a file.
class RunningService {
 public:
    explicit RunningService(const ServiceUnderTest& service);
    ~RunningService();
    RunningService(const RunningService&) = delete;
    RunningService& operator=(const RunningService&) = delete;

    /// Waits until /readyz says so; false when it did not within `limit`.
    [[nodiscard]] bool becomes_ready(
        std::chrono::milliseconds limit = std::chrono::milliseconds(30'000)
    ) const;
    [[nodiscard]] bool becomes_unready(
        std::chrono::milliseconds limit = std::chrono::milliseconds(30'000)
    ) const;
    /// The text of /metrics.
    [[nodiscard]] std::string metrics() const;
    /// SIGTERM; its exit code, or -1 when it still runs after `limit` (128 + n: signal n).
    int terminate(std::chrono::milliseconds limit);

 private:
    [[nodiscard]] int readiness() const;

    std::string log_;
    int port_ = 0;
    pid_t pid_ = -1;
};

}  // namespace tecnochat::testkit
