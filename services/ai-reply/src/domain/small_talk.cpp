#include "domain/small_talk.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <unordered_set>

#include "domain/lexicon.hpp"
#include "domain/text.hpp"

namespace tecnochat::ai_reply {
namespace {

using Words = std::unordered_set<std::string>;

Words set_of(std::string_view list) {
    auto words = words_of(list);
    return {words.begin(), words.end()};
}

/// A greeting or thanks must have one of these; the other listed words may stand around it.
constexpr std::string_view kGreetingCores =
    "hola holi buenas buenos hubo quiubo hey alo saludos que";
constexpr std::string_view kThanksCores = "gracias agradezco agradecido agradecida amable amables";

/// "quiero hablar con una persona", "páseme un asesor", "asesor": somebody who speaks, or the wish
/// to be passed on, together with a person of the business.
constexpr std::string_view kPeople =
    "persona humano asesor asesora agente alguien administrador administradora encargado encargada "
    "gerente dueno duena vendedor vendedora recepcion operador queja reclamo";
constexpr std::string_view kMachines = "robot bot maquina inteligencia";
constexpr std::string_view kBeing = "eres es sos hablo estoy";
constexpr std::string_view kContact =
    "hablar hablo comunicar comunica comunicame comuniqueme pasame paseme pasa pasar llamar "
    "llame llamen llameme atienda poner contactar";

bool all_of(const std::vector<Token>& tokens, const Words& words) {
    return std::ranges::all_of(tokens, [&](const Token& t) { return words.contains(t.text); });
}
bool any_of(const std::vector<Token>& tokens, const Words& words) {
    return std::ranges::any_of(tokens, [&](const Token& t) { return words.contains(t.text); });
}

}  // namespace

Courtesy courtesy_of(std::string_view message) {
    static const Words greeting = set_of(greeting_words());
    static const Words greeting_cores = set_of(kGreetingCores);
    static const Words thanks = set_of(thanks_words());
    static const Words thanks_cores = set_of(kThanksCores);
    static const Words people = set_of(kPeople);
    static const Words contact = set_of(kContact);
    static const Words machines = set_of(kMachines);
    static const Words being = set_of(kBeing);
    static const Words courtesies =
        set_of(std::string(greeting_words()) + ' ' + std::string(thanks_words()));

    auto tokens = tokenize(message, 200);
    for (Token& token : tokens) {
        if (token.text == "q") token.text = "que";
    }
    if (tokens.empty()) return Courtesy::kNone;
    if (any_of(tokens, machines) && any_of(tokens, being)) return Courtesy::kIdentity;
    if (any_of(tokens, people) && (any_of(tokens, contact) || tokens.size() == 1)) {
        return Courtesy::kHumanWanted;
    }
    if (any_of(tokens, thanks_cores) && all_of(tokens, courtesies)) return Courtesy::kThanks;
    if (any_of(tokens, greeting_cores) && all_of(tokens, greeting)) return Courtesy::kGreeting;
    return Courtesy::kNone;
}

}  // namespace tecnochat::ai_reply
