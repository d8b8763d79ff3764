#include "errors.hpp"

#include <fmt/format.h>

namespace tecnochat::postgres {
namespace {

std::string_view diagnostic(const PGresult* result, int code) {
    const char* text = PQresultErrorField(result, code);
    return text == nullptr ? std::string_view{} : std::string_view(text);
}

}  // namespace

bool ends_connection(std::string_view sqlstate) {
    // 25006: a primary that became a standby refuses to write; another connection may find the new
    // one.
    return sqlstate.starts_with("08") || sqlstate.starts_with("57P0") ||
           sqlstate.starts_with("53") || sqlstate == "25006";
}

ErrorCode code_of_sqlstate(std::string_view sqlstate) {
    if (ends_connection(sqlstate)) return ErrorCode::kUnavailable;
    if (sqlstate == "40001" || sqlstate == "40P01" || sqlstate == "55P03") {
        return ErrorCode::kAborted;
    }
    if (sqlstate == "57014") return ErrorCode::kDeadlineExceeded;
    if (sqlstate == "23505") return ErrorCode::kAlreadyExists;
    if (sqlstate.starts_with("23")) return ErrorCode::kFailedPrecondition;
    if (sqlstate.starts_with("22")) return ErrorCode::kInvalidArgument;
    if (sqlstate == "42501") return ErrorCode::kPermissionDenied;
    return ErrorCode::kInternal;
}

Error error_of(const PGresult* result) {
    const auto sqlstate = diagnostic(result, PG_DIAG_SQLSTATE);
    // libpq makes a result without SQLSTATE when the connection broke.
    if (sqlstate.empty()) {
        return make_error(ErrorCode::kUnavailable, "the connection to PostgreSQL broke");
    }
    const auto constraint = diagnostic(result, PG_DIAG_CONSTRAINT_NAME);
    const auto position = diagnostic(result, PG_DIAG_STATEMENT_POSITION);
    std::string message = fmt::format("PostgreSQL refused a statement (SQLSTATE {}", sqlstate);
    if (!position.empty()) message += fmt::format(", at character {}", position);
    message += ')';
    return make_error(
        code_of_sqlstate(sqlstate),
        std::move(message),
        std::string(constraint.empty() ? sqlstate : constraint)
    );
}

}  // namespace tecnochat::postgres
