#pragma once

#include <memory>
#include <string>
#include <string_view>

struct sb_stemmer;

namespace tecnochat::ai_reply {

/// Snowball's Spanish stemmer (libstemmer). Not thread-safe: each analysis makes its own, which
/// costs about a microsecond.
class Stemmer {
 public:
    Stemmer();

    /// Stem of a folded word. Folding took the accent of "-ción" away, which Snowball needs to see
    /// a suffix there; it is put back first, so that "cancelacion" meets "cancelar".
    [[nodiscard]] std::string stem(std::string_view folded_word);

 private:
    struct Delete {
        void operator()(sb_stemmer* stemmer) const noexcept;
    };
    std::unique_ptr<sb_stemmer, Delete> stemmer_;
};

}  // namespace tecnochat::ai_reply
