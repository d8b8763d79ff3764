#include "domain/typo.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace tecnochat::ai_reply {

namespace {

/// Longest first. "cit" is "-cito" (pancito), "ic" the Colombian "-ico" (minutico).
constexpr std::array<std::string_view, 4> kEndings = {"ecit", "cit", "it", "ic"};

}  // namespace

std::string phonetic_key(std::string_view word) {
    std::string key;
    const auto next = [&](std::size_t i) { return i + 1 < word.size() ? word[i + 1] : '\0'; };
    const auto front_vowel = [](char c) { return c == 'e' || c == 'i'; };
    for (std::size_t i = 0; i < word.size(); ++i) {
        char sound = word[i];
        if (sound == 'h') continue;
        if (sound == 'c' && next(i) == 'h') {
            sound = 'x';  // "ch" is one sound; x itself is rare enough to share the letter
            ++i;
        } else if (sound == 'c') {
            sound = front_vowel(next(i)) ? 's' : 'k';
        } else if (sound == 'q') {
            sound = 'k';
            if (next(i) == 'u') ++i;
        } else if (sound == 'g' && front_vowel(next(i))) {
            sound = 'j';
        } else if (sound == 'g' && next(i) == 'u' && i + 2 < word.size() &&
                   front_vowel(word[i + 2])) {
            ++i;
        } else if (sound == 'l' && next(i) == 'l') {
            sound = 'y';
            ++i;
        } else if (sound == 'z') {
            sound = 's';
        } else if (sound == 'v' || sound == 'w') {
            sound = 'b';
        }
        if (key.empty() || key.back() != sound) key += sound;
    }
    return key;
}

bool within_edits(std::string_view a, std::string_view b, std::size_t limit) {
    if (a.size() > b.size()) std::swap(a, b);
    if (b.size() - a.size() > limit) return false;
    std::vector<std::size_t> before(b.size() + 1);
    std::vector<std::size_t> above(b.size() + 1);
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) above[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        std::size_t best = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replace = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            row[j] = std::min({above[j] + 1, row[j - 1] + 1, replace});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                row[j] = std::min(row[j], before[j - 2] + 1);
            }
            best = std::min(best, row[j]);
        }
        if (best > limit) return false;
        std::swap(before, above);
        std::swap(above, row);
    }
    return above[b.size()] <= limit;
}

std::string without_diminutive(std::string_view word) {
    const bool plural = word.ends_with('s');
    std::string base(plural ? word.substr(0, word.size() - 1) : word);
    if (base.size() < 5) return {};
    const char gender = base.back();
    if (gender != 'o' && gender != 'a') return {};
    base.pop_back();
    for (const std::string_view ending : kEndings) {
        if (base.size() >= ending.size() + 3 && base.ends_with(ending)) {
            base.resize(base.size() - ending.size());
            // The softened spelling before e and i goes back: "poquito" -> "poco".
            if (base.ends_with("qu")) base.replace(base.size() - 2, 2, "c");
            if (base.ends_with("gu")) base.pop_back();
            return base + gender;
        }
    }
    return {};
}

}  // namespace tecnochat::ai_reply
