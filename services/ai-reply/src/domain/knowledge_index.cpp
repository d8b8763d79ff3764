#include "domain/knowledge_index.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include "domain/typo.hpp"

namespace tecnochat::ai_reply {
namespace {

// BM25's usual constants; length counts little, for items are short.
constexpr double kSaturation = 1.2;
constexpr double kLengthShare = 0.4;
constexpr double kTitleTimes = 2;
/// Rarity is judged as among at least so many items: a business that has just begun has few, and a
/// word that half of them share still says something.
constexpr double kItemsAtLeast = 20;

/// A facet ("how much") may help to choose, but never outweigh a thing.
constexpr double kFacetWeightMax = 0.7;
constexpr double kWeakShare = 0.3;
/// What a weak word weighs that no item has.
constexpr double kUnknownWeakWeight = 0.4;
constexpr double kTypoFactor = 0.9;

constexpr double kInTitleShare = 0.2;

/// The most sentences of one item that go into an answer.
constexpr std::size_t kMaxSentences = 3;
/// An item no sentence of which stands out is given whole up to this many bytes.
constexpr std::size_t kWholeItemBytes = 320;

}  // namespace

KnowledgeIndex::KnowledgeIndex(const Lexicon& lexicon, std::vector<KnowledgeItem> items)
    : lexicon_(lexicon) {
    Analyzer analyzer(lexicon);
    // Sentences are views into the items: no document may move once it is in.
    documents_.reserve(items.size());
    double total = 0;
    for (KnowledgeItem& item : items) {
        add(analyzer, std::move(item));
        total += documents_.back().length;
    }
    if (!documents_.empty()) {
        average_length_ = std::max(1.0, total / static_cast<double>(documents_.size()));
    }
}

void KnowledgeIndex::add(Analyzer& analyzer, KnowledgeItem item) {
    Document& document = documents_.emplace_back();
    document.item = std::move(item);
    std::set<std::string> surfaces;
    const auto count = [&](const DocumentTerms& found, Frequencies& into, double times) {
        for (const std::string& term : found.terms) {
            into[term] += 1;
            document.terms[term] += times;
        }
        document.length += times * static_cast<double>(found.surfaces.size());
        surfaces.insert(found.surfaces.begin(), found.surfaces.end());
    };
    count(analyzer.document(document.item.title), document.title, kTitleTimes);
    if (document.item.kind == KnowledgeKind::kHours) {
        // The business itself said that this item is about its hours.
        count({{"@abrir", "@hora"}, {}}, document.title, 1);
    }
    for (const std::string_view text : split_sentences(document.item.text)) {
        Sentence& sentence = document.sentences.emplace_back();
        sentence.text = text;
        count(analyzer.document(text), sentence.terms, 1);
    }
    for (const auto& [term, frequency] : document.terms) document_frequency_[term] += 1;
    for (const std::string& surface : surfaces) {
        std::vector<std::string>& same = surfaces_by_sound_[phonetic_key(surface)];
        if (std::ranges::find(same, surface) == same.end()) same.push_back(surface);
    }
}

double KnowledgeIndex::idf(const std::string& term) const {
    const auto found = document_frequency_.find(term);
    const double having = found == document_frequency_.end() ? 0 : found->second;
    const double all = std::max(kItemsAtLeast, static_cast<double>(documents_.size()));
    return std::log(1 + (all - having + 0.5) / (having + 0.5));
}

bool KnowledgeIndex::known(const QuestionWord& word) const {
    return std::ranges::any_of(word.alternatives, [&](const auto& a) {
        return document_frequency_.contains(a.term);
    });
}

void KnowledgeIndex::repair(QuestionWord& word, Analyzer& analyzer) const {
    if (word.number || known(word)) return;
    const auto adopt = [&](const std::string& other, double factor) {
        if (other.empty()) return false;
        QuestionWord candidate = analyzer.question_word(other);
        const bool helps = known(candidate) || candidate.weight != WordWeight::kContent;
        if (!helps) return false;
        candidate.text = word.text;
        for (Alternative& alternative : candidate.alternatives) alternative.factor *= factor;
        word = std::move(candidate);
        return true;
    };
    // A listed word is spelled right already: it is unknown, not mistaken.
    if (adopt(without_diminutive(word.text), 1)) return;
    if (!lexicon_.concepts(word.text, word.stem).empty() || word.weight != WordWeight::kContent)
        return;
    const std::string sound = phonetic_key(word.text);
    if (const auto same = surfaces_by_sound_.find(sound); same != surfaces_by_sound_.end()) {
        if (adopt(same->second.front(), kTypoFactor)) return;
    }
    if (adopt(std::string(lexicon_.sounds_like(sound)), kTypoFactor)) return;
    if (sound.size() < 5) return;
    const std::size_t limit = sound.size() >= 9 ? 2 : 1;
    std::string best;
    for (const auto& [key, surfaces] : surfaces_by_sound_) {
        if (key.size() < 5 || key.front() != sound.front() || !within_edits(key, sound, limit)) {
            continue;
        }
        // The map has no order of its own; the smallest word keeps the choice deterministic.
        if (best.empty() || surfaces.front() < best) best = surfaces.front();
    }
    adopt(best, kTypoFactor);
}

double KnowledgeIndex::word_weight(const QuestionWord& word) const {
    double weight = 0;
    bool only_facets = word.alternatives.size() > 1;
    for (const Alternative& alternative : word.alternatives) {
        if (!alternative.facet && alternative.term.starts_with('@')) only_facets = false;
        if (!document_frequency_.contains(alternative.term)) continue;
        const double found = idf(alternative.term);
        weight = std::max(weight, alternative.facet ? std::min(found, kFacetWeightMax) : found);
    }
    if (weight == 0) {
        if (word.weight == WordWeight::kWeak) return kUnknownWeakWeight;
        weight = idf("");  // a term no item has
    }
    if (only_facets) weight = std::min(weight, kFacetWeightMax);
    return word.weight == WordWeight::kWeak ? kWeakShare * weight : weight;
}

double KnowledgeIndex::term_score(const Document& document, const Alternative& alternative) const {
    const auto found = document.terms.find(alternative.term);
    if (found == document.terms.end()) return 0;
    const double length = 1 - kLengthShare + kLengthShare * document.length / average_length_;
    const double saturated =
        found->second * (kSaturation + 1) / (found->second + kSaturation * length);
    const double weight = idf(alternative.term);
    return alternative.factor * saturated *
           (alternative.facet ? std::min(weight, kFacetWeightMax) : weight);
}

Match KnowledgeIndex::match(const Document& document, const std::vector<QuestionWord>& words)
    const {
    Match out;
    out.item = &document.item;
    double all = 0;
    double met = 0;
    for (const QuestionWord& word : words) {
        double score = 0;
        bool is_met = false;
        for (const Alternative& alternative : word.alternatives) {
            const double found = term_score(document, alternative);
            score = std::max(score, found);
            if (found == 0) continue;
            is_met = true;
            const bool listed = alternative.term.starts_with('@');
            if (!alternative.facet && (listed || word.weight == WordWeight::kContent)) {
                out.on_subject = true;
            }
        }
        // A number that is not met says nothing: "para 25 personas", "3) ¿a qué hora…?".
        const double weight = word.number && !is_met ? 0 : word_weight(word);
        all += weight;
        if (is_met) met += weight;
        out.score += score * (word.weight == WordWeight::kWeak ? kWeakShare : 1);
    }
    out.coverage = all > 0 ? met / all : 0;
    return out;
}

std::vector<KnowledgeIndex::Wanted> KnowledgeIndex::wanted(
    const Document& document, const std::vector<QuestionWord>& words
) const {
    std::vector<Wanted> out;
    for (const QuestionWord& word : words) {
        // A word is looked for by its most exact form that the text has: where a sentence says
        // "EPS", one that only speaks of insurance does not answer for it.
        const Alternative* best = nullptr;
        for (const Alternative& alternative : word.alternatives) {
            const bool said = std::ranges::any_of(document.sentences, [&](const Sentence& s) {
                return s.terms.contains(alternative.term);
            });
            if (said && (best == nullptr || alternative.factor > best->factor)) best = &alternative;
        }
        if (best == nullptr) continue;
        out.push_back({&best->term, word_weight(word), document.title.contains(best->term)});
    }
    return out;
}

std::vector<bool> KnowledgeIndex::choose_sentences(
    const Document& document, std::vector<Wanted> open
) {
    std::vector<bool> taken(document.sentences.size(), false);
    for (std::size_t round = 0; round < kMaxSentences; ++round) {
        double best_gain = 0;
        std::size_t best = taken.size();
        for (std::size_t s = 0; s < taken.size(); ++s) {
            if (taken[s]) continue;
            double gain = 0;
            for (const Wanted& word : open) {
                if (!document.sentences[s].terms.contains(*word.term)) continue;
                // What the title says holds for every sentence: it only breaks ties, at first.
                if (word.in_title && round > 0) continue;
                gain += word.weight * (word.in_title ? kInTitleShare : 1);
            }
            if (gain > best_gain) {
                best_gain = gain;
                best = s;
            }
        }
        if (best == taken.size()) break;
        taken[best] = true;
        std::erase_if(open, [&](const Wanted& word) {
            return document.sentences[best].terms.contains(*word.term);
        });
    }
    return taken;
}

std::string KnowledgeIndex::excerpt(
    const Document& document, const std::vector<QuestionWord>& words
) const {
    const std::vector<bool> taken = choose_sentences(document, wanted(document, words));
    std::string out;
    for (std::size_t s = 0; s < taken.size(); ++s) {
        if (!taken[s]) continue;
        if (!out.empty()) out += ' ';
        out += document.sentences[s].text;
    }
    if (!out.empty()) return out;
    if (document.item.text.size() <= kWholeItemBytes || taken.empty()) return document.item.text;
    return std::string(document.sentences.front().text);
}

std::vector<Match> KnowledgeIndex::search(std::string_view question, std::size_t limit) const {
    Analyzer analyzer(lexicon_);
    std::vector<QuestionWord> words = analyzer.question(question);
    for (QuestionWord& word : words) repair(word, analyzer);
    std::erase_if(words, [](const QuestionWord& w) { return w.weight == WordWeight::kStop; });

    std::vector<std::pair<Match, const Document*>> found;
    for (const Document& document : documents_) {
        Match candidate = match(document, words);
        if (candidate.score > 0) found.emplace_back(std::move(candidate), &document);
    }
    std::ranges::stable_sort(found, [](const auto& a, const auto& b) {
        return a.first.score > b.first.score;
    });
    std::vector<Match> best;
    for (auto& [candidate, document] : found) {
        if (best.size() == limit) break;
        candidate.excerpt = excerpt(*document, words);
        best.push_back(std::move(candidate));
    }
    return best;
}

}  // namespace tecnochat::ai_reply
