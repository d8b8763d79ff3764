// Goal: every log line is one JSON object with the promised keys, whatever bytes a value holds.
// Method: stderr is a pipe while a test logs; lines are parsed with nlohmann-json, not compared.
#include "tecnochat/telemetry/log.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>
#include <vector>

#include "tecnochat/telemetry/trace.hpp"

using namespace tecnochat::telemetry;

namespace {

/// What `work` writes to stderr, line by line. A file, not a pipe: it never blocks.
template <class Work>
std::vector<nlohmann::json> captured(Work work) {
    char path[] = "/tmp/tecnochat-log-XXXXXX";
    const int file = mkstemp(path);
    REQUIRE(file >= 0);
    unlink(path);
    const int saved = dup(STDERR_FILENO);
    dup2(file, STDERR_FILENO);
    work();
    dup2(saved, STDERR_FILENO);
    close(saved);
    std::string text(static_cast<std::size_t>(lseek(file, 0, SEEK_END)), '\0');
    REQUIRE(pread(file, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()));
    close(file);
    std::vector<nlohmann::json> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);)
        lines.push_back(nlohmann::json::parse(line));
    return lines;
}

}  // namespace

TEST_CASE("a line has time, level, service, msg, fields and the trace in scope") {
    init_logging("tester", Level::kInfo);
    const TraceContext trace = TraceContext::generate();
    const auto lines = captured([&] {
        const TraceScope scope(trace);
        log_info(
            "it happened", {{"count", 3}, {"ok", true}, {"ratio", 0.5}, {"code", "NOT_FOUND"}}
        );
    });
    REQUIRE(lines.size() == 1);
    const auto& line = lines[0];
    CHECK(line["level"] == "info");
    CHECK(line["service"] == "tester");
    CHECK(line["msg"] == "it happened");
    CHECK(line["count"] == 3);
    CHECK(line["ok"] == true);
    CHECK(line["ratio"] == 0.5);
    CHECK(line["code"] == "NOT_FOUND");
    CHECK(line["trace_id"] == trace.trace_id_hex());
    CHECK(line["time"].get<std::string>().size() == 24);
}

TEST_CASE("without a trace in scope there is no trace_id") {
    const auto lines = captured([] { log_info("plain"); });
    REQUIRE(lines.size() == 1);
    CHECK_FALSE(lines[0].contains("trace_id"));
}

TEST_CASE("values are escaped, and bytes that are not UTF-8 replaced") {
    const std::string awkward("\"\\\n\r\t\x01\x7f/é😀\0", 15);
    const auto lines = captured([&] {
        log_info("quote \" in event", {{"text", awkward}});
        log_info("bad bytes", {{"text", std::string("a\xff\xc3(\xed\xa0\x80\xc0\xaf z")}});
        log_info("nan", {{"value", std::numeric_limits<double>::quiet_NaN()}});
    });
    REQUIRE(lines.size() == 3);
    CHECK(lines[0]["msg"] == "quote \" in event");
    CHECK(lines[0]["text"] == awkward);
    const std::string r = "\xef\xbf\xbd";
    CHECK(lines[1]["text"] == "a" + r + r + "(" + r + r + r + r + r + " z");
    CHECK(lines[2]["value"].is_null());
}

TEST_CASE("long values are cut between characters") {
    std::string text = "x";
    for (int i = 0; i < 5000; ++i) text += "é";
    const auto lines = captured([&] { log_info("long", {{"text", text}}); });
    REQUIRE(lines.size() == 1);
    const auto value = lines[0]["text"].get<std::string>();
    CHECK(value.size() < 4110);
    CHECK(value.ends_with("é…"));
}

TEST_CASE("lines below the level are not written") {
    const auto lines = captured([] {
        set_level(Level::kWarning);
        log_info("no");
        log_warning("yes");
        set_level(Level::kInfo);
    });
    REQUIRE(lines.size() == 1);
    CHECK(lines[0]["level"] == "warning");
}

TEST_CASE("levels are read by name") {
    CHECK(parse_level("debug").value() == Level::kDebug);
    CHECK(parse_level("error").value() == Level::kError);
    CHECK_FALSE(parse_level("ERROR"));
    CHECK(to_string(Level::kWarning) == "warning");
}

TEST_CASE("a repeated event is limited, another level or event is not") {
    const auto lines = captured([] {
        for (int i = 0; i < 100; ++i) log_limited(Level::kWarning, "repeats");
        log_limited(Level::kError, "repeats");
        log_limited(Level::kWarning, "differs");
    });
    // Two of the first kind where the second turned in between; never more.
    CHECK(lines.size() >= 3);
    CHECK(lines.size() <= 4);
}

TEST_CASE("lines of several threads do not mix") {
    const auto lines = captured([] {
        std::vector<std::jthread> threads;
        for (int t = 0; t < 4; ++t) {
            threads.emplace_back([] {
                for (int i = 0; i < 250; ++i) log_info("parallel", {{"n", i}});
            });
        }
    });
    CHECK(lines.size() == 1000);
}
