#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

#include "tecnochat/core/result.hpp"

namespace tecnochat::telemetry {

enum class Level { kDebug, kInfo, kWarning, kError };

/// A key of the fixed vocabulary and its value. Never content, names, phones or message ids of Meta
/// (they hold the phone).
struct Field {
    template <class T>
        requires std::is_integral_v<T>
    Field(std::string_view k, T v) : key(k), value(static_cast<std::int64_t>(v)) {}
    Field(std::string_view k, bool v) : key(k), value(v) {}
    Field(std::string_view k, double v) : key(k), value(v) {}
    Field(std::string_view k, std::string_view v) : key(k), value(std::string(v)) {}
    Field(std::string_view k, const char* v) : key(k), value(std::string(v)) {}
    Field(std::string_view k, const std::string& v) : key(k), value(v) {}

    std::string_view key;
    std::variant<std::int64_t, bool, double, std::string> value;
};

/// JSON lines on stderr: time, level, service, msg, then the fields; trace_id when a trace is in
/// scope. Call once, first thing.
void init_logging(std::string service, Level level);
void set_level(Level level);
Level level();
/// "debug", "info", "warning", "error".
std::string_view to_string(Level level);
Result<Level> parse_level(std::string_view text);

/// `event` is a constant sentence, so that lines can be counted; everything that varies is a field.
/// ERROR means that a human must act.
void log(Level level, std::string_view event, std::initializer_list<Field> fields = {});
inline void log_debug(std::string_view event, std::initializer_list<Field> fields = {}) {
    log(Level::kDebug, event, fields);
}
inline void log_info(std::string_view event, std::initializer_list<Field> fields = {}) {
    log(Level::kInfo, event, fields);
}
inline void log_warning(std::string_view event, std::initializer_list<Field> fields = {}) {
    log(Level::kWarning, event, fields);
}
inline void log_error(std::string_view event, std::initializer_list<Field> fields = {}) {
    log(Level::kError, event, fields);
}

/// At most one line a second per `event` at this level; the next line says how many were left out.
/// For what a down dependency repeats.
void log_limited(Level level, std::string_view event, std::initializer_list<Field> fields = {});

}  // namespace tecnochat::telemetry
