#pragma once

#include <sys/types.h>

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "tecnochat/config/settings.hpp"
#include "tecnochat/testkit/process.hpp"

namespace tecnochat::testkit {

/// The whole running suite that `./tecnochat test` brought up beside everything else, known by its
/// endpoints.json (TECNOCHAT_TEST_ENDPOINTS). Driven through the developer's own CLI, so that tests
/// and people use the same commands.
class Stack {
 public:
    /// Throws with a clear message when no stack was brought up: such tests fail, they are never
    /// skipped.
    static Stack from_environment();

    /// Endpoints as they are now (ports and pids change with every start).
    [[nodiscard]] nlohmann::json endpoints() const;
    /// A string field of endpoints.json by JSON pointer, e.g. "/ingress" or "/grpc/message-router".
    [[nodiscard]] std::string endpoint(const std::string& pointer) const;
    [[nodiscard]] pid_t pid(const std::string& part) const;
    [[nodiscard]] bool runs(const std::string& part) const { return process_runs(pid(part)); }

    /// start, stop or kill of one part; throws with the command's output when it fails.
    void start(const std::string& part, const std::map<std::string, std::string>& environment = {})
        const;
    void stop(const std::string& part) const;
    void kill(const std::string& part) const;

    /// The identity of a principal of the stack (certificate files).
    [[nodiscard]] config::TlsFiles identity(const std::string& name) const;
    /// Administrator's connection to a service's database.
    [[nodiscard]] std::string database_url(const std::string& service) const;
    [[nodiscard]] const std::string& state_directory() const { return state_directory_; }
    /// Folder of the built binaries.
    [[nodiscard]] std::string binary(const std::string& name) const;

 private:
    Stack(std::string endpoints_file, std::string cli, std::string state_directory);
    void command(
        const std::string& verb,
        const std::string& part,
        const std::map<std::string, std::string>& environment
    ) const;

    std::string endpoints_file_;
    std::string cli_;
    std::string state_directory_;
};

}  // namespace tecnochat::testkit
