#pragma once

#include <string>
#include <string_view>

namespace tecnochat::postgres {

/// Appends PostgreSQL's hex form of a bytea, "\x6162".
void append_bytea_hex(std::string& out, std::string_view bytes);

/// The bytes of that form; the server wrote it, so anything else is a broken invariant.
std::string parse_bytea_hex(std::string_view text);

}  // namespace tecnochat::postgres
