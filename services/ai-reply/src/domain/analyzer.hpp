#pragma once

#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "domain/lexicon.hpp"

namespace tecnochat::ai_reply {

/// One way a question's word may be met in an item.
struct Alternative {
    std::string term;    ///< a stem, a number, a date ("#…"), or a concept ("@…")
    double factor = 1;   ///< how good a meeting it is, 0..1
    bool facet = false;  ///< only asks about a thing (GroupKind::kFacet)
};

/// A word of a question that is no stop word.
struct QuestionWord {
    std::string text;
    std::string stem;
    WordWeight weight = WordWeight::kContent;
    bool number = false;
    std::vector<Alternative> alternatives;
};

/// What a piece of an item can be found by.
struct DocumentTerms {
    std::vector<std::string> terms;     ///< with repetitions, for term frequency
    std::vector<std::string> surfaces;  ///< folded words, parallel to nothing; for typo repair
};

/// Turns text into terms, the same way for questions and items.
class Analyzer {
 public:
    explicit Analyzer(const Lexicon& lexicon) : lexicon_(lexicon) {}

    [[nodiscard]] DocumentTerms document(std::string_view text);
    [[nodiscard]] std::vector<QuestionWord> question(std::string_view text);
    /// The word and its alternatives, without a look at any index.
    [[nodiscard]] QuestionWord question_word(const std::string& word);

 private:
    void add_word(const std::string& word, DocumentTerms& out);

    const Lexicon& lexicon_;
    Stemmer stemmer_;
};

}  // namespace tecnochat::ai_reply
