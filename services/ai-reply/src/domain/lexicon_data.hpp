#pragma once

#include <span>
#include <string_view>

namespace tecnochat::ai_reply {

/// How the words of a group reach each other.
enum class GroupKind {
    kSynonyms,  ///< each word finds each other
    kBroad,     ///< `words` are kinds of the thing; only a question that names the thing itself
                ///< (its concept without '@') finds them: "finde" finds "sabado", never the reverse
    kFacet,     ///< synonyms for what is asked about a thing (its price, how long it takes): they
                ///< help to choose, but never make up for an unknown thing
};

struct ConceptGroup {
    std::string_view concept_name;  ///< starts with '@', so that it never meets a word
    std::string_view words;         ///< folded, separated by blanks
    GroupKind kind = GroupKind::kSynonyms;
};

struct Rewrite {
    std::string_view from;  ///< one to four folded words
    std::string_view to;    ///< what is read instead; may be empty
};

/// Reviewed word lists of Colombian Spanish for small businesses. All folded (no accents, n for ñ).
/// Rule for every entry: it must be true of any business, not of one question.
std::span<const ConceptGroup> concept_groups();
/// Phrases and chat shorthand, replaced before anything else is looked at.
std::span<const Rewrite> rewrites();
/// Words that say nothing about the subject.
std::string_view stop_words();
/// Words that may be missing in an item without making it the wrong one; by stem.
std::string_view weak_words();
/// Words of greetings, thanks and farewells.
std::string_view greeting_words();
std::string_view thanks_words();

}  // namespace tecnochat::ai_reply
