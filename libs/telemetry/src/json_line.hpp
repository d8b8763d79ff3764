#pragma once

#include <string>
#include <string_view>

namespace tecnochat::telemetry {

/// Longer values are cut and end in "…": a log line stays a line one can read.
inline constexpr std::size_t kLogValueBytesMax = 4096;

/// Appends `text` as a JSON string, quotes included. Invalid UTF-8 becomes U+FFFD, so that every
/// line parses whatever a dependency put into its error text.
void append_json_string(std::string& line, std::string_view text);

/// Appends a JSON number, or null for what JSON has no number for.
void append_json_number(std::string& line, double value);

}  // namespace tecnochat::telemetry
