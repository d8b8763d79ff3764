#include "tecnochat/testkit/service_conformance.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <stdexcept>

#include "tecnochat/testkit/eventually.hpp"
#include "tecnochat/testkit/http.hpp"
#include "tecnochat/testkit/process.hpp"

namespace tecnochat::testkit {
namespace {

CommandResult run_with(
    const ServiceUnderTest& service,
    const std::vector<std::string>& flags,
    std::map<std::string, std::string> environment = {}
) {
    std::vector<std::string> argv{service.binary};
    argv.insert(argv.end(), flags.begin(), flags.end());
    environment.insert(service.environment.begin(), service.environment.end());
    return run(argv, environment);
}

void expect(bool holds, const ServiceUnderTest& service, const std::string& what) {
    if (!holds) throw std::runtime_error(service.name + ": " + what);
}

void expect_answer(const ServiceUnderTest& service, const std::string& flag) {
    const auto answer = run_with(service, {flag});
    expect(
        answer.exit_code == 0 && !answer.output.empty(),
        service,
        fmt::format("{} must answer with 0, not {}: {}", flag, answer.exit_code, answer.output)
    );
}

void expect_refused(
    const ServiceUnderTest& service,
    const std::vector<std::string>& flags,
    const std::map<std::string, std::string>& environment,
    const std::string& word
) {
    const auto answer = run_with(service, flags, environment);
    const bool one_line = std::ranges::count(answer.output, '\n') == 1;
    expect(
        answer.exit_code == 2 && one_line && answer.output.starts_with(service.name + ": ") &&
            answer.output.find(word) != std::string::npos,
        service,
        fmt::format("{} must be refused with 2: {} {}", word, answer.exit_code, answer.output)
    );
}

}  // namespace

void check_answers(const ServiceUnderTest& service) {
    for (const char* flag : {"--help", "--version", "--list-failpoints"})
        expect_answer(service, flag);
    std::istringstream lines(run_with(service, {"--list-failpoints"}).output);
    for (std::string name; std::getline(lines, name);)
        expect(name.starts_with(service.name + "."), service, "a failpoint called " + name);
}

void check_unknown_settings(const ServiceUnderTest& service) {
    auto flags = service.flags;
    flags.emplace_back("--nobody-knows-this");
    expect_refused(service, flags, {}, "--nobody-knows-this");
    expect_refused(
        service, service.flags, {{"TECNOCHAT_NOBODY_KNOWS", "1"}}, "TECNOCHAT_NOBODY_KNOWS"
    );
}

void check_cannot_start(
    const ServiceUnderTest& service,
    const std::vector<std::string>& flags,
    const std::map<std::string, std::string>& environment,
    int exit_code
) {
    auto all = service.flags;
    all.insert(all.end(), flags.begin(), flags.end());
    const auto answer = run_with(service, all, environment);
    expect(
        answer.exit_code == exit_code &&
            answer.output.find("\"cannot start\"") != std::string::npos,
        service,
        fmt::format("must not start, with {}: {} {}", exit_code, answer.exit_code, answer.output)
    );
}

RunningService::RunningService(const ServiceUnderTest& service) {
    log_ = (std::filesystem::temp_directory_path() / (service.name + "-XXXXXX")).string();
    const int log = mkstemp(log_.data());
    if (log < 0) throw std::runtime_error("no file for the log of " + service.name);
    port_ = free_port();
    std::vector<std::string> argv{
        service.binary, "--admin-listen", fmt::format("127.0.0.1:{}", port_)
    };
    argv.insert(argv.end(), service.flags.begin(), service.flags.end());
    std::vector<char*> arguments;
    for (auto& argument : argv) arguments.push_back(argument.data());
    arguments.push_back(nullptr);
    pid_ = fork();
    if (pid_ < 0) throw std::runtime_error("fork failed");
    if (pid_ > 0) {
        close(log);
        return;
    }
    // NOLINTNEXTLINE(concurrency-mt-unsafe): a forked child has no other thread
    for (const auto& [name, value] : service.environment) setenv(name.c_str(), value.c_str(), 1);
    dup2(log, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    execv(arguments[0], arguments.data());
    _exit(127);
}

RunningService::~RunningService() {
    if (pid_ > 0) {
        kill(pid_, SIGKILL);
        waitpid(pid_, nullptr, 0);
    }
    std::filesystem::remove(log_);
}

int RunningService::readiness() const {
    return http_get(fmt::format("http://127.0.0.1:{}/readyz", port_)).status;
}

std::string RunningService::metrics() const {
    return http_get(fmt::format("http://127.0.0.1:{}/metrics", port_)).body;
}

bool RunningService::becomes_ready(std::chrono::milliseconds limit) const {
    return eventually(limit, [this] { return readiness() == 200; });
}

bool RunningService::becomes_unready(std::chrono::milliseconds limit) const {
    return eventually(limit, [this] { return readiness() == 503; });
}

int RunningService::terminate(std::chrono::milliseconds limit) {
    kill(pid_, SIGTERM);
    int status = 0;
    if (!eventually(limit, [&] { return waitpid(pid_, &status, WNOHANG) == pid_; })) return -1;
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace tecnochat::testkit
