#include "domain/ai_visible_text.hpp"

#include <utility>

#include "tecnochat/core/assert.hpp"

namespace tecnochat::message_router::domain {
namespace {

// No default: a new provenance does not compile until someone decided about it.
bool ai_may_see(Provenance provenance) noexcept {
    switch (provenance) {
        case Provenance::kCustomer:
        case Provenance::kFlow:
        case Provenance::kAi:
            return true;
        case Provenance::kCustomerInBooking:
        case Provenance::kAgent:
        case Provenance::kCalendar:
        case Provenance::kSystem:
            return false;
    }
    TECNOCHAT_ASSERT(false, "unknown provenance");
}

}  // namespace

std::optional<AiVisibleText> AiVisibleText::from(Provenance provenance, std::string text) {
    if (!ai_may_see(provenance)) return std::nullopt;
    return AiVisibleText(std::move(text));
}

AiVisibleText AiVisibleText::or_placeholder(Provenance provenance, std::string text) {
    return ai_may_see(provenance) ? AiVisibleText(std::move(text))
                                  : AiVisibleText(std::string(kPlaceholder));
}

}  // namespace tecnochat::message_router::domain
