// Goal: a setting means one thing whether it comes as flag, variable or default, and anything else
// stops the start with a line that names it. Method: real flags and a real environment, restored
// after each test.
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <vector>

#include "tecnochat/config/settings.hpp"
#include "tecnochat/testkit/environment.hpp"

using namespace tecnochat;
using namespace tecnochat::config;
using tecnochat::testkit::ScopedEnvironment;

namespace {

Result<Outcome> parse(Options& options, std::vector<const char*> flags) {
    flags.insert(flags.begin(), "program");
    return options.parse(static_cast<int>(flags.size()), flags.data());
}

struct Example {
    std::string name = "nobody";
    std::string graph_url = "https://graph.example";
    std::int64_t port = 8080;
    Milliseconds wait{250};
    Milliseconds doubt{120'000};
    bool selftest = true;
    Secret key;

    Options options{"program", "An example."};

    Example() {
        options.text("name", name, "who")
            .url("META_GRAPH_URL", graph_url, "where Graph is")
            .number("port", port, 0, 65535, "where to listen")
            .duration("wait-ms", wait, Milliseconds(0), Milliseconds(10'000), "how long")
            .duration("doubt-seconds", doubt, Milliseconds(1000), Milliseconds(600'000), "longer")
            .toggle("selftest", selftest, "whether to check")
            .secret("ingest-key", key, "the key");
    }
    std::string failure(std::vector<const char*> flags) {
        const auto outcome = parse(options, std::move(flags));
        return outcome ? "" : outcome.error().message;
    }
};

class TemporaryFile {
 public:
    explicit TemporaryFile(const std::string& content) {
        const int file = mkstemp(path_.data());
        REQUIRE(file >= 0);
        close(file);
        std::ofstream(path_) << content;
    }
    ~TemporaryFile() { unlink(path_.c_str()); }
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;
    [[nodiscard]] const std::string& path() const { return path_; }

 private:
    std::string path_ = "/tmp/tecnochat-config-XXXXXX";
};

}  // namespace

TEST_CASE("defaults hold where nothing is given") {
    Example example;
    REQUIRE(parse(example.options, {}).value() == Outcome::kRun);
    CHECK(example.port == 8080);
    CHECK(
        example.options.effective() ==
        "name=nobody META_GRAPH_URL=https://graph.example port=8080 wait-ms=250 doubt-seconds=120 selftest=on "
        "ingest-key="
    );
}

TEST_CASE("a flag wins over a variable, a variable over the default") {
    const ScopedEnvironment environment{
        {"TECNOCHAT_NAME", "variable"},
        {"TECNOCHAT_PORT", "1"},
        {"TECNOCHAT_DOUBT_SECONDS", "7"},
        {"TECNOCHAT_SELFTEST", "off"},
        {"META_GRAPH_URL", "http://127.0.0.1:9000/graph"},
    };
    Example example;
    REQUIRE(parse(example.options, {"--name", "flag", "--wait-ms=9"}));
    CHECK(example.name == "flag");
    CHECK(example.port == 1);
    CHECK(example.wait == Milliseconds(9));
    CHECK(example.doubt == Milliseconds(7000));
    CHECK_FALSE(example.selftest);
    CHECK(example.graph_url == "http://127.0.0.1:9000/graph");
}

TEST_CASE("an address off this machine has to be https") {
    for (const auto* url :
         {"https://graph.facebook.com",
          "https://[2001:db8::1]:8443/path",
          "http://localhost:1",
          "http://[::1]:1/x"}) {
        Example example;
        CHECK(example.failure({"--meta-graph-url", url}).empty());
        CHECK(example.graph_url == url);
    }
    for (const auto* url :
         {"http://graph.facebook.com",
          "http://127.0.0.1.example.com",
          "http://",
          "https://",
          "https:///path",
          "graph.facebook.com",
          "ftp://localhost"}) {
        Example example;
        const auto failure = example.failure({"--meta-graph-url", url});
        CHECK(failure.find("must be https://") != failure.npos);
        CHECK(failure.find("META_GRAPH_URL") != failure.npos);
    }
}

TEST_CASE("customary names have a flag of their own") {
    Example example;
    REQUIRE(parse(example.options, {"--meta-graph-url", "https://graph"}));
    CHECK(example.graph_url == "https://graph");
}

TEST_CASE("an empty variable counts as unset") {
    const ScopedEnvironment environment{{"TECNOCHAT_PORT", ""}};
    Example example;
    REQUIRE(parse(example.options, {}));
    CHECK(example.port == 8080);
}

TEST_CASE("bad values are refused with a line that names the setting and its limits") {
    Example example;
    CHECK(
        example.failure({"--port", "70000"}) ==
        "--port or TECNOCHAT_PORT '70000' must be a whole number from 0 to 65535"
    );
    CHECK_FALSE(example.failure({"--port", "80x"}).empty());
    CHECK_FALSE(example.failure({"--port", ""}).empty());
    CHECK(
        example.failure({"--port=1", "--doubt-seconds", "0"}) ==
        "--doubt-seconds or TECNOCHAT_DOUBT_SECONDS '0' must be a whole number of seconds from 1 "
        "to 600"
    );
}

TEST_CASE("a toggle takes on or off only") {
    Example example;
    CHECK(example.failure({"--selftest", "off"}).empty());
    CHECK_FALSE(example.selftest);
    CHECK(
        Example().failure({"--selftest", "maybe"}) ==
        "--selftest or TECNOCHAT_SELFTEST 'maybe' must be on or off"
    );
}

TEST_CASE("unknown flags, stray words and unknown variables stop the start") {
    CHECK(Example().failure({"--nmae", "x"}).find("--nmae") != std::string::npos);
    CHECK(Example().failure({"stray"}).find("stray") != std::string::npos);
    const ScopedEnvironment environment{{"TECNOCHAT_NMAE", "x"}};
    CHECK(Example().failure({}).find("TECNOCHAT_NMAE") != std::string::npos);
}

TEST_CASE("variables of the developer script and the tests are let through") {
    const ScopedEnvironment environment{
        {"TECNOCHAT_TEST_ANYTHING", "1"},
        {"TECNOCHAT_PORT_BASE", "9000"},
        {"TECNOCHAT_FAILPOINTS", ""},
    };
    CHECK(Example().failure({}).empty());
}

TEST_CASE("secrets come by variable or file, never by flag, and are not printed") {
    SECTION("variable") {
        const ScopedEnvironment environment{{"TECNOCHAT_INGEST_KEY", "s3cret"}};
        Example example;
        REQUIRE(parse(example.options, {}));
        CHECK(example.key.reveal() == "s3cret");
        CHECK(example.options.effective().find("s3cret") == std::string::npos);
        CHECK(example.options.effective().find("ingest-key=***") != std::string::npos);
    }
    SECTION("file, its trailing newline cut") {
        const TemporaryFile file("from file\n");
        const ScopedEnvironment environment{{"TECNOCHAT_INGEST_KEY_FILE", file.path()}};
        Example example;
        REQUIRE(parse(example.options, {}));
        CHECK(example.key.reveal() == "from file");
    }
    SECTION("a missing file and both at once are errors") {
        const ScopedEnvironment missing{{"TECNOCHAT_INGEST_KEY_FILE", "/nonexistent"}};
        CHECK(Example().failure({}).find("/nonexistent") != std::string::npos);
        const ScopedEnvironment both{{"TECNOCHAT_INGEST_KEY", "x"}};
        CHECK(Example().failure({}).find("both") != std::string::npos);
    }
    SECTION("flag") {
        CHECK_FALSE(Example().failure({"--ingest-key", "x"}).empty());
    }
}

TEST_CASE("required settings are asked for by name") {
    TlsFiles tls;
    KafkaSettings kafka;
    Secret url;
    Options options("program", "");
    declare(options, tls);
    declare(options, kafka);
    declare_postgres(options, url);
    CHECK(
        parse(options, {}).error().message ==
        "tls-ca is required (set --tls-ca or TECNOCHAT_TLS_CA)"
    );
    CHECK(
        parse(options, {"--tls-ca=a", "--tls-cert=b", "--tls-key=c", "--kafka-brokers=d"})
            .error()
            .message ==
        "postgres-url is required (set TECNOCHAT_POSTGRES_URL or TECNOCHAT_POSTGRES_URL_FILE)"
    );
}

TEST_CASE("an answer comes before every check") {
    const ScopedEnvironment environment{{"TECNOCHAT_UNKNOWN", "x"}};
    std::string required;
    bool answered = false;
    Options options("program", "");
    options.text("needed", required, "needed", Presence::kRequired);
    options.answer("version", "prints the version", [&answered] { answered = true; });
    CHECK(parse(options, {"--version"}).value() == Outcome::kAnswered);
    CHECK(answered);
    CHECK(parse(options, {"--help"}).value() == Outcome::kAnswered);
}
