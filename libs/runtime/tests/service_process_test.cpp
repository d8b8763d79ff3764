// Goal: the life of a service process as its supervisor sees it: exit codes, probes, order of stop.
// Method: each test forks a child that runs run_service() with a small App and talks to it by HTTP
// and signals; the child's stderr is read line by line, never slept for.
#include <fcntl.h>
#include <httplib.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <csignal>
#include <cstdio>
#include <functional>
#include <iostream>
#include <optional>
#include <thread>

#include "tecnochat/core/failpoint.hpp"
#include "tecnochat/runtime/service.hpp"
#include "tecnochat/telemetry/log.hpp"
#include "tecnochat/testkit/environment.hpp"

using namespace tecnochat;
using namespace tecnochat::runtime;

namespace {

Failpoint test_failpoint{"runtime-test.point"};

struct Behaviour {
    std::function<void()> construct = [] {};
    std::function<Status()> start = [] { return ok(); };
    std::function<void(Deadline)> stop = [](Deadline) {};
};

class TestApp final : public App {
 public:
    explicit TestApp(Behaviour behaviour) : behaviour_(std::move(behaviour)) {
        behaviour_.construct();
    }
    ~TestApp() override { telemetry::log_info("app destroyed"); }
    Status start() override { return behaviour_.start(); }
    [[nodiscard]] bool ready() const override { return true; }
    void stop(Deadline deadline) override {
        telemetry::log_info("app stops");
        behaviour_.stop(deadline);
    }

 private:
    Behaviour behaviour_;
};

int run_child(const std::vector<std::string>& flags, const Behaviour& behaviour) {
    std::vector<std::string> arguments = {"tester"};
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    std::vector<char*> argv;
    for (auto& argument : arguments) argv.push_back(argument.data());
    ServiceSpec spec;
    spec.name = "tester";
    spec.description = "A service under test.";
    spec.declare = [](config::Options&) {};
    spec.make = [&behaviour](telemetry::Metrics& metrics) {
        metrics.counter("tecnochat_test_total", "Test.").increment();
        return std::make_unique<TestApp>(behaviour);
    };
    return run_service(static_cast<int>(argv.size()), argv.data(), spec);
}

class Child {
 public:
    explicit Child(const std::vector<std::string>& flags, const Behaviour& behaviour = {}) {
        int ends[2];
        REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
        // The child would write what Catch still holds in its buffers a second time.
        std::cout.flush();
        std::fflush(nullptr);
        pid_ = fork();
        REQUIRE(pid_ >= 0);
        if (pid_ == 0) {
            dup2(ends[1], STDERR_FILENO);
            dup2(ends[1], STDOUT_FILENO);
            const int exit_code = run_child(flags, behaviour);
            std::fflush(nullptr);
            _exit(exit_code);
        }
        close(ends[1]);
        output_ = ends[0];
    }
    ~Child() {
        if (!reaped_) {
            kill(pid_, SIGKILL);
            waitpid(pid_, nullptr, 0);
        }
        close(output_);
    }
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    void signal(int number) const { kill(pid_, number); }

    /// Reads until a line contains `text`; the line, or empty when the output ended first.
    std::string line_with(const std::string& text) {
        while (true) {
            const auto end = unread_.find('\n');
            if (end != std::string::npos) {
                const std::string line = unread_.substr(0, end);
                unread_.erase(0, end + 1);
                all_ += line + "\n";
                if (line.find(text) != std::string::npos) return line;
                continue;
            }
            if (!read_more()) return {};
        }
    }
    int port() {
        const std::string line = line_with("admin port is open");
        const auto at = line.find("\"port\":");
        REQUIRE(at != std::string::npos);
        return std::stoi(line.substr(at + 7));
    }
    /// Everything the child said; waits for its end.
    std::string output() {
        while (read_more()) {
        }
        return all_ + unread_;
    }
    int exit_code() {
        output();
        int status = 0;
        REQUIRE(waitpid(pid_, &status, 0) == pid_);
        reaped_ = true;
        return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    }

 private:
    bool read_more() {
        pollfd ready{output_, POLLIN, 0};
        if (poll(&ready, 1, 20'000) <= 0) return false;
        char buffer[4096];
        const ssize_t got = read(output_, buffer, sizeof buffer);
        if (got <= 0) return false;
        unread_.append(buffer, static_cast<std::size_t>(got));
        return true;
    }

    pid_t pid_ = -1;
    int output_ = -1;
    bool reaped_ = false;
    std::string unread_;
    std::string all_;
};

int status_of(int port, const char* path) {
    const auto response = httplib::Client("127.0.0.1", port).Get(path);
    return response ? response->status : 0;
}

}  // namespace

TEST_CASE("a service starts, answers its admin port and stops in order with 0") {
    Child child({});
    const int port = child.port();
    REQUIRE(!child.line_with("\"started\"").empty());
    httplib::Client client("127.0.0.1", port);
    CHECK(client.Get("/livez")->status == 200);
    CHECK(client.Get("/readyz")->status == 200);
    CHECK(client.Get("/metrics")->body.find("tecnochat_test_total 1") != std::string::npos);
    CHECK(client.Get("/version")->body.find("\"service\":\"tester\"") != std::string::npos);
    CHECK(client.Get("/nothing")->status == 404);
    CHECK(client.Get("/log-level")->body == "info\n");
    CHECK(client.Put("/log-level", "loud", "text/plain")->status == 400);
    CHECK(client.Put("/log-level", "warning\n", "text/plain")->status == 200);
    CHECK(client.Get("/log-level")->body == "warning\n");
    CHECK(client.Put("/log-level", "info", "text/plain")->status == 200);
    CHECK(client.Put("/log-level", std::string(4096, 'x'), "text/plain")->status == 413);

    child.signal(SIGTERM);
    CHECK(!child.line_with("app stops").empty());
    CHECK(!child.line_with("app destroyed").empty());
    CHECK(!child.line_with("\"stopped\"").empty());
    CHECK(child.exit_code() == 0);
}

TEST_CASE("SIGINT stops too, and a signal during start is not lost") {
    Behaviour behaviour;
    behaviour.start = [] {
        raise(SIGINT);
        return ok();
    };
    Child child({}, behaviour);
    CHECK(child.exit_code() == 0);
}

TEST_CASE("a service is alive but not ready while it starts and while it stops") {
    int gate[2];
    REQUIRE(pipe(gate) == 0);
    Behaviour behaviour;
    const auto wait_at_gate = [gate] {
        char byte = 0;
        [[maybe_unused]] const ssize_t got = read(gate[0], &byte, 1);
    };
    behaviour.start = [wait_at_gate] {
        wait_at_gate();
        return ok();
    };
    behaviour.stop = [wait_at_gate](Deadline) { wait_at_gate(); };
    Child child({}, behaviour);
    const int port = child.port();
    CHECK(status_of(port, "/livez") == 200);
    CHECK(status_of(port, "/readyz") == 503);
    REQUIRE(write(gate[1], "x", 1) == 1);
    REQUIRE(!child.line_with("\"started\"").empty());
    CHECK(status_of(port, "/readyz") == 200);
    child.signal(SIGTERM);
    REQUIRE(!child.line_with("app stops").empty());
    CHECK(status_of(port, "/livez") == 200);
    CHECK(status_of(port, "/readyz") == 503);
    REQUIRE(write(gate[1], "x", 1) == 1);
    CHECK(child.exit_code() == 0);
    close(gate[0]);
    close(gate[1]);
}

TEST_CASE("request_stop ends the process in order with its exit code") {
    Behaviour behaviour;
    behaviour.start = [] {
        std::jthread([] { request_stop(7, "cannot go on"); }).join();
        request_stop(8, "too late");
        return ok();
    };
    Child child({}, behaviour);
    CHECK(child.line_with("stopping on request").find("cannot go on") != std::string::npos);
    CHECK(!child.line_with("app destroyed").empty());
    CHECK(child.exit_code() == 7);
}

TEST_CASE("a start that fails says so in one line") {
    Behaviour behaviour;
    SECTION("start() returns an error: 1, after stop()") {
        behaviour.start = [] { return make_error(ErrorCode::kUnavailable, "no database"); };
        Child child({}, behaviour);
        CHECK(!child.line_with("app stops").empty());
        CHECK(child.line_with("cannot start").find("no database") != std::string::npos);
        CHECK(child.exit_code() == 1);
    }
    SECTION("the constructor throws: 1") {
        behaviour.construct = [] { throw std::runtime_error("no certificate"); };
        Child child({}, behaviour);
        CHECK(child.line_with("cannot start").find("no certificate") != std::string::npos);
        CHECK(child.exit_code() == 1);
    }
    SECTION("the constructor throws SettingsError: 2") {
        behaviour.construct = [] { throw SettingsError("bad list"); };
        CHECK(Child({}, behaviour).exit_code() == 2);
    }
    SECTION("the admin port is taken: 1") {
        Child first({});
        const std::string address = "127.0.0.1:" + std::to_string(first.port());
        Child second({"--admin-listen", address});
        CHECK(second.line_with("cannot start").find(address) != std::string::npos);
        CHECK(second.exit_code() == 1);
    }
}

TEST_CASE("bad settings end with 2 and one plain line") {
    const auto refused = [](const std::vector<std::string>& flags, const std::string& word) {
        Child child(flags);
        const std::string line = child.line_with(word);
        INFO(word);
        CHECK(line.rfind("tester: ", 0) == 0);
        CHECK(child.exit_code() == 2);
    };
    refused({"--unknown"}, "--unknown");
    refused({"--log-level", "loud"}, "log level");
    refused({"--admin-listen", "nowhere"}, "nowhere");
    refused({"--drain-timeout-ms", "-1"}, "--drain-timeout-ms");
    const testkit::ScopedEnvironment armed{{"TECNOCHAT_FAILPOINTS", "runtime-test.point"}};
    refused({}, "TECNOCHAT_ALLOW_FAILPOINTS");
}

TEST_CASE("questions are answered with 0 and nothing is started") {
    Child failpoints({"--list-failpoints"});
    CHECK(failpoints.output() == "runtime-test.point\n");
    CHECK(failpoints.exit_code() == 0);
    Child version({"--version"});
    CHECK(version.exit_code() == 0);
    Child help({"--help"});
    CHECK(help.output().find("TECNOCHAT_DRAIN_TIMEOUT_MS") != std::string::npos);
    CHECK(help.exit_code() == 0);
}

TEST_CASE("an armed failpoint kills as SIGKILL does") {
    const testkit::ScopedEnvironment armed(
        {{"TECNOCHAT_FAILPOINTS", "runtime-test.point"}, {"TECNOCHAT_ALLOW_FAILPOINTS", "1"}}
    );
    Behaviour behaviour;
    behaviour.start = [] {
        test_failpoint.hit();
        return ok();
    };
    Child child({}, behaviour);
    CHECK(child.exit_code() == -SIGKILL);
}

TEST_CASE("a stop that hangs is ended by the watchdog with 1") {
    Behaviour behaviour;
    behaviour.stop = [](Deadline) { pause(); };
    Child child({"--drain-timeout-ms", "0"}, behaviour);
    REQUIRE(!child.line_with("\"started\"").empty());
    child.signal(SIGTERM);
    CHECK(!child.line_with("stop hangs").empty());
    CHECK(child.exit_code() == 1);
}
