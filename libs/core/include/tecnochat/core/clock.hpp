#pragma once

#include <chrono>
#include <string>

#include "tecnochat/core/result.hpp"

namespace tecnochat {

/// Wall-clock instants everywhere are milliseconds since the Unix epoch, UTC.
using Timestamp = std::chrono::sys_time<std::chrono::milliseconds>;
using Milliseconds = std::chrono::milliseconds;

/// Time is injected, never read from the side: tests and replays decide what "now" is.
class Clock {
 public:
    virtual ~Clock() = default;
    [[nodiscard]] virtual Timestamp now() const = 0;
    /// Monotonic; for measuring and deadlines only.
    [[nodiscard]] virtual std::chrono::steady_clock::time_point steady_now() const = 0;
};

class SystemClock final : public Clock {
 public:
    [[nodiscard]] Timestamp now() const override;
    [[nodiscard]] std::chrono::steady_clock::time_point steady_now() const override;
};

/// The moment by which an outbound call must have ended. Expired means: do not start.
class Deadline {
 public:
    static Deadline after(Milliseconds budget);
    static Deadline at(std::chrono::steady_clock::time_point when) { return Deadline(when); }
    [[nodiscard]] bool expired() const;
    /// What is left, never negative.
    [[nodiscard]] Milliseconds remaining() const;
    [[nodiscard]] std::chrono::steady_clock::time_point time_point() const { return when_; }

 private:
    explicit Deadline(std::chrono::steady_clock::time_point when) : when_(when) {}
    std::chrono::steady_clock::time_point when_;
};

/// RFC 3339 with milliseconds and Z, e.g. "2026-03-11T14:30:00.000Z". It knows the years 1 to 9999;
/// what lies beyond becomes their first or last millisecond.
std::string format_rfc3339(Timestamp time);
Result<Timestamp> parse_rfc3339(const std::string& text);

inline std::int64_t to_unix_ms(Timestamp time) {
    return time.time_since_epoch().count();
}
inline Timestamp from_unix_ms(std::int64_t ms) {
    return Timestamp(Milliseconds(ms));
}
/// A time that came from outside, whatever it says: what lies beyond the years 1 to 9999, which
/// RFC 3339, Protobuf and PostgreSQL know, becomes their first or last millisecond.
Timestamp from_unix(std::int64_t seconds, std::int32_t nanos);

}  // namespace tecnochat
