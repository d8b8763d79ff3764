#include "domain/words.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

namespace tecnochat::message_router::domain {
namespace {

using Range = std::pair<char32_t, char32_t>;

// Blocks of Unicode 15 that hold punctuation, symbols, marks and what is invisible, and no letter;
// sorted. What is in none of them counts as a letter: a question in a script that this list has
// forgotten must be asked.
constexpr std::array<Range, 35> kWordless{{
    {0x0000, 0x002F}, {0x003A, 0x0040}, {0x005B, 0x0060}, {0x007B, 0x00A9},   {0x00AB, 0x00B4},
    {0x00B6, 0x00B9}, {0x00BB, 0x00BF}, {0x00D7, 0x00D7}, {0x00F7, 0x00F7},   {0x02C2, 0x02DF},
    {0x0300, 0x036F}, {0x037E, 0x037E}, {0x0600, 0x061F}, {0x06D4, 0x06D4},   {0x0964, 0x0965},
    {0x115F, 0x1160}, {0x17B4, 0x17B5}, {0x180B, 0x180F}, {0x2000, 0x206F},   {0x20A0, 0x20FF},
    {0x2190, 0x245F}, {0x2500, 0x2BFF}, {0x2E00, 0x2E7F}, {0x3000, 0x3004},   {0x3008, 0x3020},
    {0x3164, 0x3164}, {0xD800, 0xF8FF}, {0xFE00, 0xFE6F}, {0xFEFF, 0xFF0F},   {0xFF1A, 0xFF20},
    {0xFF3B, 0xFF40}, {0xFF5B, 0xFF65}, {0xFFE0, 0xFFFF}, {0x1F000, 0x1FAFF}, {0xE0000, 0x10FFFF},
}};

bool is_wordless(char32_t code) noexcept {
    const auto* const after = std::upper_bound(
        kWordless.begin(),
        kWordless.end(),
        code,
        [](char32_t value, const Range& range) { return value < range.first; }
    );
    return after != kWordless.begin() && code <= std::prev(after)->second;
}

// Takes one character off the front; U+FFFD where the bytes are none.
char32_t take_character(std::string_view& text) noexcept {
    constexpr char32_t kNone = 0xFFFD;
    const auto first = static_cast<unsigned char>(text.front());
    text.remove_prefix(1);
    if (first < 0x80U) return first;
    if (first < 0xC2U || first > 0xF4U) return kNone;
    const std::size_t more = first < 0xE0U ? 1 : first < 0xF0U ? 2 : 3;
    char32_t code = first & (0x3FU >> more);
    for (std::size_t i = 0; i < more; ++i) {
        if (text.empty() || (static_cast<unsigned char>(text.front()) & 0xC0U) != 0x80U)
            return kNone;
        code = (code << 6U) | (static_cast<unsigned char>(text.front()) & 0x3FU);
        text.remove_prefix(1);
    }
    return code;
}

}  // namespace

bool has_words(std::string_view utf8) noexcept {
    while (!utf8.empty()) {
        if (!is_wordless(take_character(utf8))) return true;
    }
    return false;
}

}  // namespace tecnochat::message_router::domain
