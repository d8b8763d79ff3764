#pragma once

#include "domain/knowledge_index.hpp"
#include "domain/reply.hpp"

namespace tecnochat::ai_reply {

/// The product's own words, in plain Colombian Spanish.
inline constexpr std::string_view kRefusalText =
    "Ese dato no lo tengo confirmado y prefiero no inventarlo. Ya le paso tu mensaje a una persona "
    "del equipo para que te responda por aquí.";
inline constexpr std::string_view kHandoffText =
    "Claro que sí. Ya le paso tu mensaje a una persona del equipo para que te responda por aquí.";
inline constexpr std::string_view kGreetingText =
    "¡Hola! Soy el asistente virtual. Cuéntame, ¿en qué te puedo ayudar?";
inline constexpr std::string_view kIdentityText =
    "Soy el asistente virtual, no una persona. Si prefieres, te paso con alguien del equipo.";
inline constexpr std::string_view kThanksText =
    "¡Con mucho gusto! Aquí estoy si necesitas algo más.";

/// Answers with the matching sentences of the best item, or says that it does not know. A pure
/// function of question and index: no clock, no chance, no memory.
class BuiltinEngine {
 public:
    [[nodiscard]] Reply answer(const Question& question, const KnowledgeIndex& index) const;
};

}  // namespace tecnochat::ai_reply
