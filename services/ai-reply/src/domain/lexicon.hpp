#pragma once

#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "domain/lexicon_data.hpp"
#include "domain/stemmer.hpp"
#include "domain/text.hpp"

namespace tecnochat::ai_reply {

/// How much a missing word counts against an item.
enum class WordWeight { kStop, kWeak, kContent };

struct Concept {
    std::string name;
    GroupKind kind;
    bool names_the_thing;  ///< for kBroad: the word is the thing itself, not a kind of it
};

/// The reviewed word lists, made ready for lookup once; immutable, so shared by all threads.
class Lexicon {
 public:
    Lexicon();

    /// Replaces shorthand and phrases; longest first, left to right.
    [[nodiscard]] std::vector<Token> rewrite(std::vector<Token> tokens) const;
    [[nodiscard]] bool is_stop(const std::string& word) const { return stop_.contains(word); }
    /// The class of a word that is no stop word.
    [[nodiscard]] WordWeight weight(const std::string& word, const std::string& stem) const;
    /// The concepts of a word: its own where it is listed, else those of listed words with its
    /// stem; empty for most. (Snowball gives "anticipo" and "anticipación" one stem.)
    [[nodiscard]] std::span<const Concept> concepts(
        const std::string& word, const std::string& stem
    ) const;
    /// A listed word that sounds the same, or empty.
    [[nodiscard]] std::string_view sounds_like(const std::string& phonetic) const;

 private:
    void add_group(const ConceptGroup& group, Stemmer& stemmer);

    std::unordered_map<std::string, std::string> rewrites_;
    std::size_t longest_rewrite_ = 1;
    std::unordered_set<std::string> stop_;
    std::unordered_set<std::string> weak_;
    std::unordered_set<std::string> weak_stems_;
    std::unordered_map<std::string, std::vector<Concept>> concepts_by_word_;
    std::unordered_map<std::string, std::vector<Concept>> concepts_by_stem_;
    std::unordered_map<std::string, std::string> by_sound_;
};

/// The blank-separated words of a list.
std::vector<std::string> words_of(std::string_view list);

}  // namespace tecnochat::ai_reply
