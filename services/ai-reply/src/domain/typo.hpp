#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tecnochat::ai_reply {

/// How a folded word sounds in Latin-American Spanish: seseo, betacismo, silent h, yeísmo. Words
/// people mix up in writing share a key: "limpiesa"/"limpieza", "kiero"/"quiero".
std::string phonetic_key(std::string_view folded_word);

/// Whether two words differ by at most `limit` insertions, deletions, replacements or swaps of
/// neighbours (optimal string alignment).
bool within_edits(std::string_view a, std::string_view b, std::size_t limit);

/// The word behind a Colombian diminutive, with 'o' or 'a' at its end, or empty: "perrito" ->
/// "perro", "minuticos" -> "minuto", "citica" -> "cita".
std::string without_diminutive(std::string_view folded_word);

}  // namespace tecnochat::ai_reply
