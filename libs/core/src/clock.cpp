#include "tecnochat/core/clock.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ctime>

namespace tecnochat {
namespace {

using namespace std::chrono_literals;

// What four digits of a year can say.
constexpr Timestamp kFirst = std::chrono::sys_days(std::chrono::year(1) / 1 / 1);
constexpr Timestamp kLast = std::chrono::sys_days(std::chrono::year(10'000) / 1 / 1) - 1ms;

}  // namespace

Timestamp SystemClock::now() const {
    return std::chrono::time_point_cast<Milliseconds>(std::chrono::system_clock::now());
}

std::chrono::steady_clock::time_point SystemClock::steady_now() const {
    return std::chrono::steady_clock::now();
}

Deadline Deadline::after(Milliseconds budget) {
    return Deadline(std::chrono::steady_clock::now() + budget);
}

bool Deadline::expired() const {
    return std::chrono::steady_clock::now() >= when_;
}

Milliseconds Deadline::remaining() const {
    const auto left =
        std::chrono::duration_cast<Milliseconds>(when_ - std::chrono::steady_clock::now());
    return std::max(left, Milliseconds(0));
}

Timestamp from_unix(std::int64_t seconds, std::int32_t nanos) {
    using std::chrono::floor;
    // In seconds first: the largest ones would overflow as milliseconds.
    const std::chrono::seconds whole(std::clamp<std::int64_t>(
        seconds,
        floor<std::chrono::seconds>(kFirst).time_since_epoch().count(),
        floor<std::chrono::seconds>(kLast).time_since_epoch().count()
    ));
    return Timestamp(whole) + Milliseconds(std::clamp(nanos, 0, 999'999'999) / 1'000'000);
}

std::string format_rfc3339(Timestamp time) {
    time = std::clamp(time, kFirst, kLast);
    // By hand: every event carries a time, and gmtime_r takes a lock of the whole process.
    const auto days = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day date(days);
    const std::chrono::hh_mm_ss<Milliseconds> clock(time - days);
    std::string text = "0000-00-00T00:00:00.000Z";
    const auto put = [&text](std::size_t end, long number) {
        for (; number > 0; number /= 10) text[--end] = static_cast<char>('0' + number % 10);
    };
    put(4, static_cast<int>(date.year()));
    put(7, static_cast<long>(static_cast<unsigned>(date.month())));
    put(10, static_cast<long>(static_cast<unsigned>(date.day())));
    put(13, clock.hours().count());
    put(16, clock.minutes().count());
    put(19, clock.seconds().count());
    put(23, clock.subseconds().count());
    return text;
}

Result<Timestamp> parse_rfc3339(const std::string& text) {
    int year = 0, month = 0, day = 0, hour = 0, minute = 0, consumed = 0;
    double second = 0;
    const auto bad = [] { return make_error(ErrorCode::kInvalidArgument, "not an RFC 3339 time"); };
    // NOLINTNEXTLINE(cert-err34-c): each field has a width, so no number overflows
    if (std::sscanf(
            text.c_str(),
            "%4d-%2d-%2dT%2d:%2d:%lf%n",
            &year,
            &month,
            &day,
            &hour,
            &minute,
            &second,
            &consumed
        ) != 6) {
        return bad();
    }
    const std::string zone = text.substr(static_cast<std::size_t>(consumed));
    int offset_minutes = 0;
    if (zone != "Z" && zone != "z") {
        int offset_hour = 0, offset_minute = 0;
        char sign = '+';
        if (zone.size() != 6 ||
            // NOLINTNEXTLINE(cert-err34-c): as above
            std::sscanf(zone.c_str(), "%c%2d:%2d", &sign, &offset_hour, &offset_minute) != 3 ||
            (sign != '+' && sign != '-')) {
            return bad();
        }
        offset_minutes = (offset_hour * 60 + offset_minute) * (sign == '-' ? -1 : 1);
    }
    const std::chrono::year_month_day date{
        std::chrono::year(year),
        std::chrono::month(static_cast<unsigned>(month)),
        std::chrono::day(static_cast<unsigned>(day))
    };
    // Said so that "nan" and signs, which scanf takes, are refused.
    const bool sane =
        hour >= 0 && hour <= 23 && minute >= 0 && minute <= 59 && second >= 0.0 && second < 61.0;
    if (!date.ok() || !sane) return bad();
    const auto whole = std::chrono::sys_days(date) + std::chrono::hours(hour) +
                       std::chrono::minutes(minute - offset_minutes);
    return Timestamp(whole) + Milliseconds(std::llround(second * 1000.0));
}

}  // namespace tecnochat
