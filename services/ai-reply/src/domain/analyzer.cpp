#include "domain/analyzer.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace tecnochat::ai_reply {
namespace {

/// A question's tokens beyond this are ignored: WhatsApp allows 4096 characters, a question has
/// few.
constexpr std::size_t kMaxQuestionTokens = 200;
constexpr double kConceptFactor = 0.85;

constexpr std::array<std::string_view, 7> kDays = {
    "lunes", "martes", "miercoles", "jueves", "viernes", "sabado", "domingo"
};

std::optional<std::size_t> day_index(std::string_view word) {
    for (std::size_t i = 0; i < kDays.size(); ++i) {
        if (word == kDays[i] || (i >= 5 && word == std::string(kDays[i]) + 's')) return i;
    }
    return std::nullopt;
}

/// The days strictly between the ends of "lunes a viernes", "martes al sábado"; empty if `tokens`
/// hold no such range at `at`.
std::vector<std::string> days_between(const std::vector<Token>& tokens, std::size_t at) {
    std::vector<std::string> days;
    if (at + 2 >= tokens.size()) return days;
    const std::string& link = tokens[at + 1].text;
    const auto first = day_index(tokens[at].text);
    const auto last = day_index(tokens[at + 2].text);
    if (!first || !last || (link != "a" && link != "al" && link != "hasta")) return days;
    for (std::size_t day = (*first + 1) % kDays.size(); day != *last;
         day = (day + 1) % kDays.size()) {
        days.emplace_back(kDays[day]);
    }
    return days;
}

bool is_month(std::string_view word) {
    static constexpr std::array<std::string_view, 12> kMonths = {
        "enero",
        "febrero",
        "marzo",
        "abril",
        "mayo",
        "junio",
        "julio",
        "agosto",
        "septiembre",
        "octubre",
        "noviembre",
        "diciembre"
    };
    return std::ranges::find(kMonths, word) != kMonths.end();
}

/// "24 de diciembre" at `at` as one term, else empty. A date is one thing: an item about the 25th
/// says nothing about the 24th.
std::string date_at(const std::vector<Token>& tokens, std::size_t at) {
    if (at + 2 >= tokens.size() || tokens[at].kind != TokenKind::kNumber ||
        tokens[at + 1].text != "de" || !is_month(tokens[at + 2].text)) {
        return {};
    }
    return "#" + tokens[at].text + "-" + tokens[at + 2].text;
}

bool is_time_unit(std::string_view word) {
    static constexpr std::array<std::string_view, 10> kUnits = {
        "minuto", "minutos", "hora", "horas", "dia", "dias", "semana", "semanas", "mes", "meses"
    };
    return std::ranges::find(kUnits, word) != kUnits.end();
}

}  // namespace

void Analyzer::add_word(const std::string& word, DocumentTerms& out) {
    if (lexicon_.is_stop(word)) return;
    std::string stem = stemmer_.stem(word);
    for (const Concept& found : lexicon_.concepts(word, stem)) out.terms.push_back(found.name);
    out.terms.push_back(std::move(stem));
    out.surfaces.push_back(word);
}

DocumentTerms Analyzer::document(std::string_view text) {
    DocumentTerms out;
    const std::vector<Token> tokens = lexicon_.rewrite(tokenize(text));
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        const Token& token = tokens[i];
        if (token.kind == TokenKind::kWord) {
            add_word(token.text, out);
            for (const std::string& day : days_between(tokens, i)) add_word(day, out);
            continue;
        }
        out.terms.push_back(token.text);
        if (std::string date = date_at(tokens, i); !date.empty()) {
            out.terms.push_back(std::move(date));
        }
        if (token.kind == TokenKind::kMoney) out.terms.emplace_back("@precio");
        if (token.kind == TokenKind::kClock) out.terms.emplace_back("@hora");
        if (i + 1 < tokens.size() && is_time_unit(tokens[i + 1].text)) {
            out.terms.emplace_back("@duracion");
        }
    }
    return out;
}

QuestionWord Analyzer::question_word(const std::string& word) {
    QuestionWord out{word, stemmer_.stem(word), WordWeight::kContent, false, {}};
    out.weight = lexicon_.weight(word, out.stem);
    out.alternatives.push_back({out.stem, 1, false});
    for (const Concept& found : lexicon_.concepts(word, out.stem)) {
        if (found.kind == GroupKind::kBroad && !found.names_the_thing) continue;
        out.alternatives.push_back({found.name, kConceptFactor, found.kind == GroupKind::kFacet});
    }
    return out;
}

std::vector<QuestionWord> Analyzer::question(std::string_view text) {
    std::vector<QuestionWord> words;
    const std::vector<Token> tokens = lexicon_.rewrite(tokenize(text, kMaxQuestionTokens));
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        const Token& token = tokens[i];
        if (const std::string date = date_at(tokens, i); !date.empty()) {
            words.push_back({date, date, WordWeight::kContent, false, {{date}}});
            i += 2;
        } else if (token.kind != TokenKind::kWord) {
            words.push_back({token.text, token.text, WordWeight::kWeak, true, {{token.text}}});
        } else if (!lexicon_.is_stop(token.text)) {
            words.push_back(question_word(token.text));
        }
    }
    // Said twice is asked once.
    std::unordered_set<std::string> seen;
    std::erase_if(words, [&](const QuestionWord& w) { return !seen.insert(w.stem).second; });
    return words;
}

}  // namespace tecnochat::ai_reply
