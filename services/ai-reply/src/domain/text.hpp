#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tecnochat::ai_reply {

/// What a token is, as far as matching cares.
enum class TokenKind {
    kWord,    ///< letters, folded
    kNumber,  ///< digits, thousands separators removed
    kMoney,   ///< a number after '$'
    kClock,   ///< a time of day: "8:00", "8 a. m.", "12 m."
};

struct Token {
    std::string text;
    TokenKind kind = TokenKind::kWord;
};

/// UTF-8 to lower-case ASCII for Spanish: accents and tildes go (ñ -> n), full-width forms become
/// plain, every other non-ASCII character (emoji, invalid bytes) a space. Punctuation stays.
std::string fold(std::string_view utf8);

/// Tokens of a text, folded, at most `limit`. Knows Colombian amounts ("$1.600.000", "1'600.000",
/// "85 mil") and clock times; three or more equal letters in a row are one ("buenassss").
std::vector<Token> tokenize(std::string_view utf8, std::size_t limit = 2000);

/// The sentences of a text, verbatim and trimmed; views into `text`. A full stop only ends one
/// where a new one visibly begins, so "9:00 a. m. a 8:00 p. m." stays whole.
std::vector<std::string_view> split_sentences(std::string_view text);

}  // namespace tecnochat::ai_reply
