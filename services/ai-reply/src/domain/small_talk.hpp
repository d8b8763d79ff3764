#pragma once

#include <string_view>

namespace tecnochat::ai_reply {

/// What a message is when it asks nothing of the business' knowledge.
enum class Courtesy {
    kNone,
    kGreeting,     ///< a greeting and nothing else
    kThanks,       ///< thanks and nothing else
    kIdentity,     ///< "¿eres un robot?"
    kHumanWanted,  ///< "quiero hablar con una persona", "asesor"
};

Courtesy courtesy_of(std::string_view message);

}  // namespace tecnochat::ai_reply
