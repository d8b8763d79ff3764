#include "domain/lexicon.hpp"

#include <algorithm>

#include "domain/typo.hpp"

namespace tecnochat::ai_reply {
namespace {

/// Shorter stems join strangers ("mes", "mesa"): they count only for the words that are listed.
constexpr std::size_t kMinStem = 4;

}  // namespace

std::vector<std::string> words_of(std::string_view list) {
    std::vector<std::string> words;
    for (std::size_t at = 0; at < list.size();) {
        const std::size_t end = std::min(list.find(' ', at), list.size());
        if (end > at) words.emplace_back(list.substr(at, end - at));
        at = end + 1;
    }
    return words;
}

Lexicon::Lexicon() {
    Stemmer stemmer;
    for (const Rewrite& entry : rewrites()) {
        const auto blanks = std::ranges::count(entry.from, ' ');
        longest_rewrite_ = std::max(longest_rewrite_, static_cast<std::size_t>(blanks) + 1);
        rewrites_.emplace(entry.from, entry.to);
    }
    for (std::string& word : words_of(stop_words())) {
        by_sound_.emplace(phonetic_key(word), word);
        stop_.insert(std::move(word));
    }
    for (const std::string& word : words_of(weak_words())) {
        by_sound_.emplace(phonetic_key(word), word);
        if (std::string stem = stemmer.stem(word); stem.size() >= kMinStem) {
            weak_stems_.insert(std::move(stem));
        }
        weak_.insert(word);
    }
    for (const ConceptGroup& group : concept_groups()) add_group(group, stemmer);
}

void Lexicon::add_group(const ConceptGroup& group, Stemmer& stemmer) {
    for (const std::string& word : words_of(group.words)) {
        by_sound_.emplace(phonetic_key(word), word);
        const Concept entry{
            std::string(group.concept_name), group.kind, word == group.concept_name.substr(1)
        };
        for (auto* known : {&concepts_by_word_[word], &concepts_by_stem_[stemmer.stem(word)]}) {
            const auto same = [&](const Concept& c) { return c.name == entry.name; };
            if (std::ranges::none_of(*known, same)) known->push_back(entry);
        }
    }
}

std::vector<Token> Lexicon::rewrite(std::vector<Token> tokens) const {
    std::vector<Token> out;
    out.reserve(tokens.size());
    for (std::size_t i = 0; i < tokens.size();) {
        std::size_t taken = 0;
        for (std::size_t n = std::min(longest_rewrite_, tokens.size() - i); n > 0; --n) {
            std::string phrase = tokens[i].text;
            for (std::size_t j = 1; j < n; ++j) phrase += ' ' + tokens[i + j].text;
            const auto found = rewrites_.find(phrase);
            if (found == rewrites_.end()) continue;
            for (std::string& word : words_of(found->second)) out.push_back({std::move(word)});
            taken = n;
            break;
        }
        if (taken == 0) {
            out.push_back(std::move(tokens[i]));
            taken = 1;
        }
        i += taken;
    }
    return out;
}

WordWeight Lexicon::weight(const std::string& word, const std::string& stem) const {
    if (stop_.contains(word)) return WordWeight::kStop;
    return weak_.contains(word) || weak_stems_.contains(stem) ? WordWeight::kWeak
                                                              : WordWeight::kContent;
}

std::span<const Concept> Lexicon::concepts(const std::string& word, const std::string& stem) const {
    if (const auto found = concepts_by_word_.find(word); found != concepts_by_word_.end()) {
        return found->second;
    }
    const auto found = concepts_by_stem_.find(stem);
    if (found == concepts_by_stem_.end() || stem.size() < kMinStem) return {};
    return found->second;
}

std::string_view Lexicon::sounds_like(const std::string& phonetic) const {
    const auto found = by_sound_.find(phonetic);
    return found == by_sound_.end() ? std::string_view{} : std::string_view(found->second);
}

}  // namespace tecnochat::ai_reply
