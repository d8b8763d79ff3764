#include "domain/stemmer.hpp"

#include <libstemmer.h>

#include "domain/text.hpp"
#include "tecnochat/core/assert.hpp"

namespace tecnochat::ai_reply {

void Stemmer::Delete::operator()(sb_stemmer* stemmer) const noexcept {
    sb_stemmer_delete(stemmer);
}

Stemmer::Stemmer() : stemmer_(sb_stemmer_new("spanish", "UTF_8")) {
    TECNOCHAT_ASSERT(stemmer_ != nullptr, "libstemmer has no Spanish stemmer or no memory");
}

std::string Stemmer::stem(std::string_view folded_word) {
    std::string word(folded_word);
    if (word.size() > 5 && (word.ends_with("cion") || word.ends_with("sion"))) {
        word.replace(word.size() - 2, 2, "ón");
    }
    const sb_symbol* stem = sb_stemmer_stem(
        stemmer_.get(),
        reinterpret_cast<const sb_symbol*>(word.data()),
        static_cast<int>(word.size())
    );
    TECNOCHAT_ASSERT(stem != nullptr, "libstemmer ran out of memory");
    const auto length = static_cast<std::size_t>(sb_stemmer_length(stemmer_.get()));
    return fold({reinterpret_cast<const char*>(stem), length});
}

}  // namespace tecnochat::ai_reply
