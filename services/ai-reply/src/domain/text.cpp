#include "domain/text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace tecnochat::ai_reply {
namespace {

constexpr char32_t kInvalid = 0xFFFD;

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_letter(char c) {
    return c >= 'a' && c <= 'z';
}

/// Decodes the code point at `at` and moves past it; a malformed byte is one kInvalid.
char32_t next_code_point(std::string_view text, std::size_t& at) {
    const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
    const std::uint8_t lead = byte(at);
    const std::size_t length = lead < 0x80           ? 1
                               : (lead >> 5) == 0x06 ? 2
                               : (lead >> 4) == 0x0E ? 3
                               : (lead >> 3) == 0x1E ? 4
                                                     : 0;
    if (length == 0 || at + length > text.size()) {
        ++at;
        return kInvalid;
    }
    static constexpr std::array<std::uint8_t, 5> kLeadMask = {0, 0x7F, 0x1F, 0x0F, 0x07};
    char32_t code = lead & kLeadMask[length];
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(at + i) & 0xC0U) != 0x80) {
            ++at;
            return kInvalid;
        }
        code = (code << 6U) | (byte(at + i) & 0x3FU);
    }
    at += length;
    return code;
}

/// Latin-1 letters U+00C0..U+00FF without their marks; '*' marks what has no single base letter.
constexpr std::string_view kLatin1 =
    "aaaaaa*ceeeeiiii*nooooo*ouuuuy**"
    "aaaaaa*ceeeeiiii*nooooo*ouuuuy*y";

void append_folded(char32_t code, std::string& out) {
    if (code >= 0xFF01 && code <= 0xFF5E) code -= 0xFEE0;  // full-width ASCII
    if (code < 0x80) {
        const char c = static_cast<char>(code);
        out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    } else if (code >= 0xC0 && code <= 0xFF && kLatin1[code - 0xC0] != '*') {
        out += kLatin1[code - 0xC0];
    } else if (code >= 0x0300 && code <= 0x036F) {
        // A combining mark belongs to the letter before it, which stays.
    } else if (code == 0x2019 || code == 0x2018 || code == 0xB4) {
        out += '\'';
    } else {
        out += ' ';
    }
}

/// Removes what follows the second of three or more equal letters; then the second as well.
std::string collapse_runs(std::string_view word) {
    std::string out;
    for (std::size_t i = 0; i < word.size();) {
        std::size_t end = i;
        while (end < word.size() && word[end] == word[i]) ++end;
        out.append(end - i >= 3 ? 1 : end - i, word[i]);
        i = end;
    }
    return out;
}

/// Reads the number at `at`: plain, grouped by thousands, a clock time or a fraction.
Token read_number(std::string_view text, std::size_t& at) {
    const bool money = at > 0 && (text[at - 1] == '$' || (at > 1 && text[at - 2] == '$'));
    Token token{{}, money ? TokenKind::kMoney : TokenKind::kNumber};
    while (at < text.size() && is_digit(text[at])) token.text += text[at++];
    const auto digits_at = [&](std::size_t from) {
        std::size_t n = 0;
        while (from + n < text.size() && is_digit(text[from + n])) ++n;
        return n;
    };
    while (at < text.size() && token.text.size() <= 12 &&
           (text[at] == '.' || text[at] == ',' || text[at] == '\'') && digits_at(at + 1) == 3) {
        token.text += text.substr(at + 1, 3);
        at += 4;
    }
    if (at < text.size() && (text[at] == ':' || text[at] == '/') && digits_at(at + 1) > 0) {
        if (text[at] == ':') token.kind = TokenKind::kClock;
        token.text += text[at++];
        while (at < text.size() && is_digit(text[at])) token.text += text[at++];
    }
    return token;
}

bool is_number(const Token& token) {
    return token.kind == TokenKind::kNumber || token.kind == TokenKind::kClock;
}

/// Joins "85 mil" to 85000 and takes "a. m.", "pm", "m." after a number as the mark of a clock
/// time.
std::vector<Token> join_numbers(std::vector<Token> tokens) {
    std::vector<Token> out;
    out.reserve(tokens.size());
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        const std::string& word = tokens[i].text;
        const bool after_number = !out.empty() && is_number(out.back());
        if (after_number && word == "mil") {
            out.back().text += "000";
        } else if (after_number && (word == "am" || word == "pm" || word == "m")) {
            out.back().kind = TokenKind::kClock;
        } else if (after_number && (word == "a" || word == "p") && i + 1 < tokens.size() &&
                   tokens[i + 1].text == "m") {
            out.back().kind = TokenKind::kClock;
            ++i;
        } else {
            out.push_back(std::move(tokens[i]));
        }
    }
    return out;
}

std::string_view trim(std::string_view text) {
    constexpr std::string_view kBlank = " \t\r\n";
    const std::size_t first = text.find_first_not_of(kBlank);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

/// Whether the text before a full stop ends in an abbreviation that never ends a sentence.
bool ends_in_abbreviation(std::string_view before) {
    static constexpr std::array<std::string_view, 9> kAbbreviations = {
        "dr", "dra", "sr", "sra", "no", "num", "art", "ing", "av"
    };
    const std::size_t space = before.find_last_of(" (\n");
    const std::string last =
        fold(space == std::string_view::npos ? before : before.substr(space + 1));
    return std::ranges::find(kAbbreviations, last) != kAbbreviations.end();
}

/// Whether a sentence can begin with what stands at the head of `rest`: a capital (also accented),
/// an opening mark or a digit.
bool opens_sentence(std::string_view rest) {
    if (rest.empty()) return true;
    std::size_t at = 0;
    const char32_t code = next_code_point(rest, at);
    return (code >= 'A' && code <= 'Z') || (code >= '0' && code <= '9') || code == 0xBF ||
           code == 0xA1 || (code >= 0xC0 && code <= 0xDE);
}

}  // namespace

std::string fold(std::string_view utf8) {
    std::string out;
    out.reserve(utf8.size());
    for (std::size_t at = 0; at < utf8.size();) append_folded(next_code_point(utf8, at), out);
    return out;
}

std::vector<Token> tokenize(std::string_view utf8, std::size_t limit) {
    const std::string text = fold(utf8);
    std::vector<Token> tokens;
    for (std::size_t at = 0; at < text.size() && tokens.size() < limit;) {
        if (is_digit(text[at])) {
            tokens.push_back(read_number(text, at));
        } else if (is_letter(text[at])) {
            const std::size_t begin = at;
            while (at < text.size() && is_letter(text[at])) ++at;
            tokens.push_back(
                {collapse_runs(std::string_view(text).substr(begin, at - begin)), TokenKind::kWord}
            );
        } else {
            ++at;
        }
    }
    return join_numbers(std::move(tokens));
}

std::vector<std::string_view> split_sentences(std::string_view text) {
    std::vector<std::string_view> sentences;
    std::size_t begin = 0;
    const auto close = [&](std::size_t end) {
        const std::string_view sentence = trim(text.substr(begin, end - begin));
        if (!sentence.empty()) sentences.push_back(sentence);
        begin = end;
    };
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\n') {
            close(i + 1);
        } else if (text[i] == '.' || text[i] == '!' || text[i] == '?') {
            const bool followed_by_blank =
                i + 1 == text.size() || text[i + 1] == ' ' || text[i + 1] == '\t';
            if (followed_by_blank && opens_sentence(trim(text.substr(i + 1))) &&
                !(text[i] == '.' && ends_in_abbreviation(text.substr(begin, i - begin)))) {
                close(i + 1);
            }
        }
    }
    close(text.size());
    return sentences;
}

}  // namespace tecnochat::ai_reply
