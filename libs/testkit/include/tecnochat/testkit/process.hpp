#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <vector>

namespace tecnochat::testkit {

struct CommandResult {
    int exit_code = -1;
    std::string output;  // stdout and stderr
};

/// Runs a program to its end. `environment` is added to this process's.
CommandResult run(
    const std::vector<std::string>& argv, const std::map<std::string, std::string>& environment = {}
);

/// A child that is killed and reaped when the object goes.
class ChildProcess {
 public:
    explicit ChildProcess(
        const std::vector<std::string>& argv,
        const std::map<std::string, std::string>& environment = {}
    );
    ~ChildProcess();
    ChildProcess(const ChildProcess&) = delete;
    ChildProcess& operator=(const ChildProcess&) = delete;
    [[nodiscard]] pid_t pid() const { return pid_; }

 private:
    pid_t pid_;
};

/// Whether a process with this id still runs (a zombie does not).
bool process_runs(pid_t pid);

/// A TCP port of 127.0.0.1 that was free a moment ago.
int free_port();

}  // namespace tecnochat::testkit
