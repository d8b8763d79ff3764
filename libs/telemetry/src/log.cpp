#include "tecnochat/telemetry/log.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <iterator>
#include <map>
#include <mutex>

#include "json_line.hpp"
#include "tecnochat/core/clock.hpp"
#include "tecnochat/core/guarded.hpp"
#include "tecnochat/telemetry/trace.hpp"

namespace tecnochat::telemetry {
namespace {

constexpr std::array<std::string_view, 4> kLevelNames = {"debug", "info", "warning", "error"};
/// Events are constants, so a program never has that many; a caller that varies them must not grow
/// memory.
constexpr std::size_t kLimitedEventsMax = 1024;
constexpr std::chrono::seconds kLimitedPeriod{1};

std::atomic<Level>& threshold() {
    static std::atomic<Level> value{Level::kInfo};
    return value;
}

std::string& service_name() {
    static std::string name;
    return name;
}

void append_key(std::string& line, std::string_view key) {
    line += ',';
    append_json_string(line, key);
    line += ':';
}

void append_value(std::string& line, const std::string& value) {
    append_json_string(line, value);
}
void append_value(std::string& line, double value) {
    append_json_number(line, value);
}
void append_value(std::string& line, bool value) {
    line += value ? "true" : "false";
}
void append_value(std::string& line, std::int64_t value) {
    fmt::format_to(std::back_inserter(line), "{}", value);
}

/// One write per line, one line at a time: pipes may split what exceeds PIPE_BUF.
void write_line(std::string_view line) {
    static std::mutex mutex;
    const std::scoped_lock lock(mutex);
    while (!line.empty()) {
        const ssize_t written = write(STDERR_FILENO, line.data(), line.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return;  // nobody reads our log: there is nowhere to say so
        line.remove_prefix(static_cast<std::size_t>(written));
    }
}

void write_event(
    Level level, std::string_view event, std::initializer_list<Field> fields, std::int64_t left_out
) {
    thread_local std::string line;
    line = R"({"time":")";
    line += format_rfc3339(SystemClock().now());
    line += R"(","level":")";
    line += to_string(level);
    line += '"';
    append_key(line, "service");
    append_json_string(line, service_name());
    append_key(line, "msg");
    append_json_string(line, event);
    for (const Field& field : fields) {
        append_key(line, field.key);
        std::visit([](const auto& value) { append_value(line, value); }, field.value);
    }
    if (left_out > 0) {
        append_key(line, "left_out");
        append_value(line, left_out);
    }
    if (const auto trace = current_trace()) {
        append_key(line, "trace_id");
        append_json_string(line, trace->trace_id_hex());
    }
    line += "}\n";
    write_line(line);
}

struct Repeats {
    std::chrono::steady_clock::time_point written_at;
    std::int64_t left_out = 0;
};
using LimitedEvents = std::map<std::pair<Level, std::string>, Repeats, std::less<>>;

/// How many lines were left out since the last one, or nullopt if this one is to be left out too.
std::optional<std::int64_t> admit(Level level, std::string_view event) {
    static Guarded<LimitedEvents> limited_events;
    const auto now = std::chrono::steady_clock::now();
    return limited_events.with([&](LimitedEvents& events) -> std::optional<std::int64_t> {
        if (events.size() >= kLimitedEventsMax) events.clear();
        const auto [it, is_new] = events.try_emplace({level, std::string(event)}, Repeats{now, 0});
        if (is_new) return 0;
        Repeats& repeats = it->second;
        if (now - repeats.written_at < kLimitedPeriod) {
            ++repeats.left_out;
            return std::nullopt;
        }
        repeats.written_at = now;
        return std::exchange(repeats.left_out, 0);
    });
}

}  // namespace

void init_logging(std::string service, Level level) {
    service_name() = std::move(service);
    set_level(level);
}

void set_level(Level level) {
    threshold().store(level, std::memory_order_relaxed);
}

Level level() {
    return threshold().load(std::memory_order_relaxed);
}

std::string_view to_string(Level level) {
    return kLevelNames[static_cast<std::size_t>(level)];
}

Result<Level> parse_level(std::string_view text) {
    for (std::size_t i = 0; i < kLevelNames.size(); ++i) {
        if (kLevelNames[i] == text) return static_cast<Level>(i);
    }
    return make_error(
        ErrorCode::kInvalidArgument, "the log level must be debug, info, warning or error"
    );
}

void log(Level level, std::string_view event, std::initializer_list<Field> fields) {
    if (level < telemetry::level()) return;
    write_event(level, event, fields, 0);
}

void log_limited(Level level, std::string_view event, std::initializer_list<Field> fields) {
    if (level < telemetry::level()) return;
    if (const auto left_out = admit(level, event)) write_event(level, event, fields, *left_out);
}

}  // namespace tecnochat::telemetry
