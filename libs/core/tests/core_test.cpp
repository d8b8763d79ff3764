// Goal: the vocabulary everything else is written in keeps its promises.
#include <catch2/catch.hpp>
#include <limits>

#include "tecnochat/core/arrival_rate.hpp"
#include "tecnochat/core/clock.hpp"
#include "tecnochat/core/failpoint.hpp"
#include "tecnochat/core/loopback.hpp"
#include "tecnochat/core/result.hpp"
#include "tecnochat/core/secret.hpp"
#include "tecnochat/core/uuid.hpp"

namespace tecnochat {
namespace {

Result<int> half(int n) {
    if (n % 2 != 0) return make_error(ErrorCode::kInvalidArgument, "odd");
    return n / 2;
}

Result<int> quarter(int n) {
    TECNOCHAT_TRY(const int once, half(n));
    return half(once);
}

Failpoint test_point{"core-test.point"};

}  // namespace

TEST_CASE("TECNOCHAT_TRY hands on the value or the error") {
    CHECK(quarter(8).value() == 2);
    CHECK(quarter(6).error().code == ErrorCode::kInvalidArgument);
    CHECK(half(4).transform([](int n) { return n + 1; }).value() == 3);
    CHECK(half(4).and_then(half).value() == 1);
    CHECK_FALSE(half(3).and_then(half).has_value());
}

TEST_CASE("only codes that mean 'again' are retryable") {
    CHECK(is_retryable(make_error(ErrorCode::kUnavailable, "")));
    CHECK(is_retryable(make_error(ErrorCode::kAborted, "")));
    CHECK_FALSE(is_retryable(make_error(ErrorCode::kFailedPrecondition, "")));
    CHECK_FALSE(is_retryable(make_error(ErrorCode::kInternal, "")));
}

TEST_CASE("only codes that blame the data are an item's fault, and none of them is retryable") {
    for (const auto code :
         {ErrorCode::kInvalidArgument,
          ErrorCode::kAlreadyExists,
          ErrorCode::kFailedPrecondition,
          ErrorCode::kOutOfRange,
          ErrorCode::kDataLoss}) {
        INFO(to_string(code));
        CHECK(is_items_fault(make_error(code, "")));
        CHECK_FALSE(is_retryable(make_error(code, "")));
    }
    CHECK_FALSE(is_items_fault(make_error(ErrorCode::kUnavailable, "")));
    CHECK_FALSE(is_items_fault(make_error(ErrorCode::kPermissionDenied, "")));
    CHECK_FALSE(is_items_fault(make_error(ErrorCode::kInternal, "")));
}

TEST_CASE("a UUID survives its text form and rejects everything else") {
    const auto id = Uuid::v7(from_unix_ms(1'700'000'000'000));
    CHECK(Uuid::parse(id.to_string()).value() == id);
    CHECK(id.to_string()[14] == '7');
    for (const char* bad :
         {"",
          "not-a-uuid",
          "6f1b5c0a-3e52-4d8f-9a51-27d40e8c61b",
          "6f1b5c0a_3e52-4d8f-9a51-27d40e8c61b3",
          "zf1b5c0a-3e52-4d8f-9a51-27d40e8c61b3"}) {
        CHECK_FALSE(Uuid::parse(bad).has_value());
    }
}

TEST_CASE("version 5 ids are functions of their name") {
    // RFC 9562, appendix A.4: DNS name space, www.example.com.
    const auto dns = Uuid::parse("6ba7b810-9dad-11d1-80b4-00c04fd430c8").value();
    CHECK(Uuid::v5(dns, "www.example.com").to_string() == "2ed6657d-e927-568b-95e1-2665a8aea6a2");
}

TEST_CASE("version 7 ids sort by time") {
    CHECK(Uuid::v7(from_unix_ms(1000)) < Uuid::v7(from_unix_ms(2000)));
}

TEST_CASE("RFC 3339 times survive a round trip, offsets included") {
    const auto time = parse_rfc3339("2026-03-11T09:30:00-05:00").value();
    CHECK(format_rfc3339(time) == "2026-03-11T14:30:00.000Z");
    CHECK(parse_rfc3339("2026-03-11T14:30:00.250Z").value() - time == Milliseconds(250));
    CHECK_FALSE(parse_rfc3339("2026-02-30T00:00:00Z").has_value());
    CHECK_FALSE(parse_rfc3339("mañana").has_value());
    CHECK_FALSE(parse_rfc3339("2026-03-11T14:30:nanZ").has_value());
    CHECK_FALSE(parse_rfc3339("2026-03-11T14:-5:00Z").has_value());
}

TEST_CASE("a time beyond the four digits of a year becomes the nearest one that has a text") {
    const auto last = parse_rfc3339("9999-12-31T23:59:59.999Z").value();
    CHECK(format_rfc3339(last) == "9999-12-31T23:59:59.999Z");
    CHECK(format_rfc3339(last + Milliseconds(1)) == "9999-12-31T23:59:59.999Z");
    CHECK(format_rfc3339(Timestamp::max()) == "9999-12-31T23:59:59.999Z");
    CHECK(format_rfc3339(Timestamp::min()) == "0001-01-01T00:00:00.000Z");
}

TEST_CASE("whatever a time from outside says, it lies in the years 1 to 9999") {
    const auto last = parse_rfc3339("9999-12-31T23:59:59.999Z").value();
    CHECK(from_unix(1'700'000'000, 123'999'999) == from_unix_ms(1'700'000'000'123));
    CHECK(from_unix(-1, 500'000'000) == from_unix_ms(-500));
    CHECK(from_unix(1, -1) == from_unix_ms(1000));
    CHECK(from_unix(std::numeric_limits<std::int64_t>::max(), 999'999'999) == last);
    CHECK(
        from_unix(std::numeric_limits<std::int64_t>::min(), 0) ==
        parse_rfc3339("0001-01-01T00:00:00Z").value()
    );
}

TEST_CASE("an expired deadline has nothing left") {
    CHECK(Deadline::after(Milliseconds(0)).expired());
    CHECK(Deadline::after(Milliseconds(-5)).remaining() == Milliseconds(0));
    CHECK_FALSE(Deadline::after(Milliseconds(60'000)).expired());
}

TEST_CASE("failpoints are listed by name, disarmed by default, and refuse unknown names") {
    const auto names = failpoint_names();
    CHECK(std::find(names.begin(), names.end(), "core-test.point") != names.end());
    test_point.hit();
    CHECK_FALSE(arm_failpoints("core-test.nowhere").has_value());
    CHECK_FALSE(arm_failpoints("core-test.point@0").has_value());
    CHECK(arm_failpoints("core-test.point@3").has_value());
    test_point.hit();
    test_point.hit();
}

TEST_CASE("only this machine is loopback, however a name begins") {
    for (const auto* host : {"localhost", "127.0.0.1", "127.0.1.1", "::1", "[::1]"}) {
        CHECK(is_loopback(host));
    }
    for (const auto* host :
         {"", "127.example.com", "127.0.0.1.example.com", "localhost.example.com", "0.0.0.0"}) {
        CHECK_FALSE(is_loopback(host));
    }
}

TEST_CASE("a secret does not print itself") {
    const Secret secret("s3cret");
    CHECK(to_string(secret) == "***");
    CHECK(secret.reveal() == "s3cret");
}

TEST_CASE("waiting for more items pays at a high rate only") {
    using std::chrono::milliseconds;
    ArrivalRate rate;
    auto now = std::chrono::steady_clock::time_point(milliseconds(1));
    CHECK_FALSE(rate.brings_more(milliseconds(20)));  // nothing is known yet
    const auto batches = [&](int count, std::size_t items, milliseconds apart) {
        for (int i = 0; i < count; ++i) rate.note(items, now += apart);
        return rate.brings_more(milliseconds(20));
    };
    CHECK_FALSE(batches(20, 1, milliseconds(20)));   // 50/s
    CHECK(batches(20, 3, milliseconds(10)));         // 300/s
    CHECK_FALSE(batches(1, 1, milliseconds(2000)));  // an idle time ends it at once
}

}  // namespace tecnochat
