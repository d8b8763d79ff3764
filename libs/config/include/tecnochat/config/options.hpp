#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "tecnochat/core/clock.hpp"
#include "tecnochat/core/result.hpp"
#include "tecnochat/core/secret.hpp"

namespace tecnochat::config {

enum class Presence { kOptional, kRequired };

/// What to do after parsing: run the service, or leave at once because --help, --version or
/// --list-failpoints answered.
enum class Outcome { kRun, kAnswered };

/// The settings of one binary. A setting has one name everywhere: "kafka-brokers" is the flag
/// --kafka-brokers and the variable TECNOCHAT_KAFKA_BROKERS; names in the upper case
/// ("META_GRAPH_URL") are variables without the prefix and have the flag in lower case with dashes.
/// A flag wins over a variable, a variable over the default that the target holds when it is
/// declared; --help shows every setting with that default. Unknown flags, unknown TECNOCHAT_
/// variables and bad values are errors with one clear line that names the setting and what it
/// takes.
///
/// Targets must outlive parse(). Not thread-safe; used once, in main().
class Options {
 public:
    Options(std::string program, std::string description);
    ~Options();
    Options(const Options&) = delete;
    Options& operator=(const Options&) = delete;

    Options& text(
        std::string_view name,
        std::string& target,
        std::string_view help,
        Presence presence = Presence::kOptional
    );
    /// The base address of a server: https://host[:port][/path], or http:// where the host is this
    /// machine. Secrets and content travel there, so anything else is refused at start.
    Options& url(std::string_view name, std::string& target, std::string_view help);
    /// A whole number within [minimum, maximum].
    Options& number(
        std::string_view name,
        std::int64_t& target,
        std::int64_t minimum,
        std::int64_t maximum,
        std::string_view help
    );
    /// A whole number of milliseconds (name it …-ms) or seconds (…-seconds); the suffix decides.
    Options& duration(
        std::string_view name,
        Milliseconds& target,
        Milliseconds minimum,
        Milliseconds maximum,
        std::string_view help
    );
    Options& toggle(std::string_view name, bool& target, std::string_view help);
    /// Never a flag: the variable, or a file named by the variable with _FILE appended (its
    /// trailing newline is cut).
    Options& secret(
        std::string_view name,
        Secret& target,
        std::string_view help,
        Presence presence = Presence::kOptional
    );

    /// A flag without a value that prints something and ends the program with 0 ("version",
    /// "list-failpoints"); answered before anything else is checked.
    Options& answer(std::string_view name, std::string_view help, std::function<void()> print);

    /// Reads flags and the process environment. --help prints to stdout. kInvalidArgument
    /// otherwise; the message is one line.
    Result<Outcome> parse(int argc, const char* const* argv);

    /// "name=value" for every setting, secrets as ***; for the one log line at start.
    [[nodiscard]] std::string effective() const;

 private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace tecnochat::config
