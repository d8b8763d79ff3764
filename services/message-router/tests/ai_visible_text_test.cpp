// The code half of the AI/calendar wall: what the AI must not see has no way into AiVisibleText.
#include "domain/ai_visible_text.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <type_traits>

namespace tecnochat::message_router::domain {
namespace {

// No text becomes AI-visible without saying where it came from.
static_assert(!std::is_constructible_v<AiVisibleText, std::string>);
static_assert(!std::is_constructible_v<AiVisibleText, const char*>);
static_assert(!std::is_convertible_v<std::string, AiVisibleText>);
static_assert(!std::is_default_constructible_v<AiVisibleText>);
static_assert(!std::is_assignable_v<AiVisibleText&, std::string>);

TEST_CASE("customer, flow and AI words may be shown to the AI") {
    const auto provenance = GENERATE(Provenance::kCustomer, Provenance::kFlow, Provenance::kAi);
    const auto text = AiVisibleText::from(provenance, "¿a qué hora abren?");
    REQUIRE(text.has_value());
    CHECK(text->text() == "¿a qué hora abren?");
    CHECK(AiVisibleText::or_placeholder(provenance, "hola").text() == "hola");
}

TEST_CASE("calendar words, and all that was derived from them, are refused") {
    const auto provenance = GENERATE(
        Provenance::kCalendar,
        Provenance::kCustomerInBooking,
        Provenance::kAgent,
        Provenance::kSystem
    );
    CHECK_FALSE(AiVisibleText::from(provenance, "cita 15:00 con Ana").has_value());
}

TEST_CASE("in a transcript every forbidden text looks the same") {
    const auto confirmed =
        AiVisibleText::or_placeholder(Provenance::kCalendar, "Confirmada: martes 15:00");
    const auto refused = AiVisibleText::or_placeholder(Provenance::kCalendar, "No hay cupo");
    const auto tapped = AiVisibleText::or_placeholder(Provenance::kCustomerInBooking, "15:00");
    CHECK(confirmed.text() == "[cita]");
    CHECK(refused.text() == confirmed.text());
    CHECK(tapped.text() == confirmed.text());
}

}  // namespace
}  // namespace tecnochat::message_router::domain
