#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "domain/analyzer.hpp"
#include "domain/knowledge_item.hpp"

namespace tecnochat::ai_reply {

/// An item met by a question.
struct Match {
    const KnowledgeItem* item = nullptr;
    double score = 0;         ///< BM25 over title (twice) and text
    double coverage = 0;      ///< share of the question's weight that the item speaks of, 0..1
    bool on_subject = false;  ///< whether at least one word that names a thing was met
    std::string excerpt;      ///< the matching sentences, verbatim
};

/// The knowledge of one tenant, ready for questions. Immutable once built, so shared by threads.
class KnowledgeIndex {
 public:
    KnowledgeIndex(const Lexicon& lexicon, std::vector<KnowledgeItem> items);

    /// The best `limit` items, best first; equal scores in the order of the items given.
    [[nodiscard]] std::vector<Match> search(std::string_view question, std::size_t limit) const;
    [[nodiscard]] std::size_t size() const { return documents_.size(); }

 private:
    using Frequencies = std::unordered_map<std::string, double>;
    struct Sentence {
        std::string_view text;  ///< into the item
        Frequencies terms;
    };
    struct Document {
        KnowledgeItem item;
        Frequencies title;
        Frequencies terms;  ///< title twice and text
        double length = 0;
        std::vector<Sentence> sentences;
    };

    /// A word of the question as the item's sentences say it.
    struct Wanted {
        const std::string* term;  ///< into the question's words
        double weight;
        bool in_title;
    };

    void add(Analyzer& analyzer, KnowledgeItem item);
    void repair(QuestionWord& word, Analyzer& analyzer) const;
    [[nodiscard]] bool known(const QuestionWord& word) const;
    [[nodiscard]] double idf(const std::string& term) const;
    [[nodiscard]] double word_weight(const QuestionWord& word) const;
    [[nodiscard]] double term_score(const Document& document, const Alternative& alternative) const;
    [[nodiscard]] Match match(const Document& document, const std::vector<QuestionWord>& words)
        const;
    [[nodiscard]] std::vector<Wanted> wanted(
        const Document& document, const std::vector<QuestionWord>& words
    ) const;
    /// Greedy cover: again and again the sentence that says most of what is still open.
    [[nodiscard]] static std::vector<bool> choose_sentences(
        const Document& document, std::vector<Wanted> open
    );
    [[nodiscard]] std::string excerpt(
        const Document& document, const std::vector<QuestionWord>& words
    ) const;

    const Lexicon& lexicon_;
    std::vector<Document> documents_;
    std::unordered_map<std::string, double> document_frequency_;
    std::unordered_map<std::string, std::vector<std::string>> surfaces_by_sound_;
    double average_length_ = 1;
};

}  // namespace tecnochat::ai_reply
