#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "domain/vocabulary.hpp"

namespace tecnochat::message_router::domain {

/// The one kind of text that may reach the AI: half of the AI/calendar wall. It has no public
/// constructor and nothing converts to it; the two factories are the declassifier that
/// deploy/topics.yaml lists for ai.requests. Only CUSTOMER, FLOW and AI texts pass.
class AiVisibleText {
 public:
    /// Stands for every other text in what the AI sees: the same words whatever was said, so that
    /// not even the outcome of a booking shows through.
    static constexpr std::string_view kPlaceholder = "[cita]";

    /// nullopt where the AI must not see this text.
    static std::optional<AiVisibleText> from(Provenance provenance, std::string text);
    /// For transcripts: the text, or the placeholder.
    static AiVisibleText or_placeholder(Provenance provenance, std::string text);

    [[nodiscard]] const std::string& text() const { return text_; }

 private:
    explicit AiVisibleText(std::string text) : text_(std::move(text)) {}
    std::string text_;
};

}  // namespace tecnochat::message_router::domain
