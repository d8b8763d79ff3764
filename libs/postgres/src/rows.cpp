#include <fmt/format.h>
#include <libpq-fe.h>

#include <charconv>
#include <cstdlib>

#include "hex.hpp"
#include "tecnochat/postgres/pool.hpp"

namespace tecnochat::postgres {
namespace {

const PGresult* as_result(const void* result) {
    return static_cast<const PGresult*>(result);
}

/// The text of a column that must not be NULL.
std::string_view field(const void* result, int row, int column) {
    TECNOCHAT_ASSERT(column >= 0 && column < PQnfields(as_result(result)), "no such column");
    TECNOCHAT_ASSERT(
        PQgetisnull(as_result(result), row, column) == 0, "a NULL where none was expected"
    );
    return {
        PQgetvalue(as_result(result), row, column),
        static_cast<std::size_t>(PQgetlength(as_result(result), row, column))
    };
}

/// A fixed-width decimal at `at`; the server wrote it.
int digits(std::string_view text, std::size_t at, std::size_t count) {
    int value = 0;
    TECNOCHAT_ASSERT(at + count <= text.size(), "not a timestamptz");
    const auto [end, failure] = std::from_chars(text.data() + at, text.data() + at + count, value);
    TECNOCHAT_ASSERT(
        failure == std::errc{} && end == text.data() + at + count, "not a timestamptz"
    );
    return value;
}

/// "2026-11-24 07:04:15.123456+00": ISO DateStyle and UTC are set when connecting.
Timestamp parse_time(std::string_view text) {
    TECNOCHAT_ASSERT(text.size() >= 22 && text.ends_with("+00"), "not a timestamptz in UTC");
    const std::chrono::year_month_day date{
        std::chrono::year(digits(text, 0, 4)),
        std::chrono::month(static_cast<unsigned>(digits(text, 5, 2))),
        std::chrono::day(static_cast<unsigned>(digits(text, 8, 2)))
    };
    Timestamp time = std::chrono::sys_days(date) + std::chrono::hours(digits(text, 11, 2)) +
                     std::chrono::minutes(digits(text, 14, 2)) +
                     std::chrono::seconds(digits(text, 17, 2));
    if (text[19] == '.') {
        std::string fraction(text.substr(20, text.size() - 23));  // trailing zeros are cut
        fraction.resize(3, '0');
        time += Milliseconds(digits(fraction, 0, 3));
    }
    return time;
}

}  // namespace

int Row::column(std::string_view name) const {
    const auto* const result = as_result(result_);
    const int count = PQnfields(result);
    for (int tried = 0, at = last_; tried < count; ++tried, ++at) {
        if (at == count) at = 0;
        if (name == PQfname(result, at)) {
            last_ = at;
            return at;
        }
    }
    TECNOCHAT_ASSERT(false, "the statement gives no column of this name");
    return -1;
}

std::string_view Row::only_column() const {
    TECNOCHAT_ASSERT(PQnfields(as_result(result_)) == 1, "the statement gives one column");
    return PQfname(as_result(result_), 0);
}

Error Row::unknown_word(std::string_view name) {
    return make_error(
        ErrorCode::kDataLoss,
        fmt::format("column {} holds a word that this version does not know", name),
        "UNKNOWN_WORD"
    );
}

std::string_view Row::view(int column) const {
    return field(result_, index_, column);
}

std::optional<std::int64_t> Row::number_or_null(std::string_view name) const {
    if (is_null(name)) return std::nullopt;
    return number(name);
}

std::optional<std::string> Row::bytes_or_null(std::string_view name) const {
    if (is_null(name)) return std::nullopt;
    return bytes(name);
}

bool Row::is_null(int column) const {
    TECNOCHAT_ASSERT(column < PQnfields(as_result(result_)), "no such column");
    return PQgetisnull(as_result(result_), index_, column) != 0;
}

std::string Row::text(int column) const {
    return std::string(field(result_, index_, column));
}

std::int64_t Row::number(int column) const {
    const auto text = field(result_, index_, column);
    std::int64_t value = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    TECNOCHAT_ASSERT(
        failure == std::errc{} && end == text.data() + text.size(), "not a whole number"
    );
    return value;
}

double Row::real(int column) const {
    const auto text = field(result_, index_, column);
    double value = 0;
    const auto* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, value);
    TECNOCHAT_ASSERT(read.ec == std::errc{} && read.ptr == end, "not a number");
    return value;
}

bool Row::flag(int column) const {
    const auto text = field(result_, index_, column);
    TECNOCHAT_ASSERT(text == "t" || text == "f", "not a boolean");
    return text == "t";
}

Uuid Row::uuid(int column) const {
    auto parsed = Uuid::parse(field(result_, index_, column));
    TECNOCHAT_ASSERT(parsed.has_value(), "not a uuid");
    return *parsed;
}

Timestamp Row::time(int column) const {
    return parse_time(field(result_, index_, column));
}

std::string Row::bytes(int column) const {
    return parse_bytea_hex(field(result_, index_, column));
}

std::optional<std::string> Row::text_or_null(int column) const {
    if (is_null(column)) return std::nullopt;
    return text(column);
}

std::optional<Uuid> Row::uuid_or_null(int column) const {
    if (is_null(column)) return std::nullopt;
    return uuid(column);
}

std::optional<Timestamp> Row::time_or_null(int column) const {
    if (is_null(column)) return std::nullopt;
    return time(column);
}

Rows::Rows(void* result) : result_(result) {
    TECNOCHAT_ASSERT(result != nullptr, "Rows need a result");
}

void Rows::Clear::operator()(void* result) const noexcept {
    PQclear(static_cast<PGresult*>(result));
}

int Rows::size() const {
    return PQntuples(as_result(result_.get()));
}

std::int64_t Rows::affected() const {
    const std::string_view text = PQcmdTuples(static_cast<PGresult*>(result_.get()));
    std::int64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);  // empty: nothing affected
    return value;
}

Row Rows::operator[](int index) const {
    TECNOCHAT_ASSERT(index >= 0 && index < size(), "no such row");
    return {result_.get(), index};
}

}  // namespace tecnochat::postgres
