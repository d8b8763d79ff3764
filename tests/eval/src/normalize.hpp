#pragma once

#include <string>
#include <string_view>

namespace tecnochat::eval {

/// How the evaluation sets compare words: folded, "8:00 a. m." -> "8am", "$35.000" and "35 mil" ->
/// "35000", "15 por ciento" -> "15%", all other punctuation a blank.
std::string normalize(std::string_view text);

/// Whether a normalised text holds a normalised phrase, on word boundaries.
bool contains(const std::string& normalized_text, const std::string& normalized_phrase);

}  // namespace tecnochat::eval
