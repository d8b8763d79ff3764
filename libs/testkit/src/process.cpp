#include "tecnochat/testkit/process.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <stdexcept>

namespace tecnochat::testkit {
namespace {

/// Forks and runs argv with both outputs on `output` (kept as they are when -1). Never returns in
/// the child.
pid_t launch(
    const std::vector<std::string>& argv,
    const std::map<std::string, std::string>& environment,
    int output
) {
    std::vector<char*> arguments;
    for (const auto& argument : argv) arguments.push_back(const_cast<char*>(argument.c_str()));
    arguments.push_back(nullptr);
    const pid_t pid = fork();
    if (pid < 0) throw std::runtime_error("fork failed");
    if (pid > 0) return pid;
    // NOLINTNEXTLINE(concurrency-mt-unsafe): a forked child has no other thread
    for (const auto& [name, value] : environment) setenv(name.c_str(), value.c_str(), 1);
    const int input = open("/dev/null", O_RDONLY);
    dup2(input, STDIN_FILENO);
    if (output >= 0) {
        dup2(output, STDOUT_FILENO);
        dup2(output, STDERR_FILENO);
    }
    execvp(arguments[0], arguments.data());
    _exit(127);
}

}  // namespace

CommandResult run(
    const std::vector<std::string>& argv, const std::map<std::string, std::string>& environment
) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("pipe failed");
    const pid_t pid = launch(argv, environment, ends[1]);
    close(ends[1]);
    CommandResult result;
    char buffer[4096];
    for (ssize_t got = 0; (got = read(ends[0], buffer, sizeof(buffer))) > 0;)
        result.output.append(buffer, static_cast<std::size_t>(got));
    close(ends[0]);
    int status = 0;
    waitpid(pid, &status, 0);
    result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return result;
}

ChildProcess::ChildProcess(
    const std::vector<std::string>& argv, const std::map<std::string, std::string>& environment
)
    : pid_(launch(argv, environment, open("/dev/null", O_WRONLY | O_CLOEXEC))) {}

ChildProcess::~ChildProcess() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
}

bool process_runs(pid_t pid) {
    std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
    std::string line;
    if (!std::getline(stat, line)) return false;
    const auto after_name = line.rfind(") ");
    return after_name != std::string::npos && line[after_name + 2] != 'Z' &&
           line[after_name + 2] != 'X';
}

int free_port() {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof(address);
    const bool bound = bind(fd, reinterpret_cast<sockaddr*>(&address), length) == 0 &&
                       getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) == 0;
    close(fd);
    if (!bound) throw std::runtime_error("no free port on loopback");
    return ntohs(address.sin_port);
}

}  // namespace tecnochat::testkit
