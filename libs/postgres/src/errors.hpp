#pragma once

#include <libpq-fe.h>

#include <string_view>

#include "tecnochat/core/result.hpp"

namespace tecnochat::postgres {

/// The code that SQLSTATE stands for; the table is in pool.hpp at Connection.
ErrorCode code_of_sqlstate(std::string_view sqlstate);

/// True where the server ends or cannot serve the session: the connection is worth nothing more.
bool ends_connection(std::string_view sqlstate);

/// The failure of one statement. Never holds PQerrorMessage, which may quote data.
Error error_of(const PGresult* result);

}  // namespace tecnochat::postgres
