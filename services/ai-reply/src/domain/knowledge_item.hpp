#pragma once

#include <string>

#include "tecnochat/core/uuid.hpp"

namespace tecnochat::ai_reply {

enum class KnowledgeKind { kFaq, kHours, kProduct, kService, kPolicy, kOther };

/// One piece of what a business wants its customers to know; the only source of answers.
struct KnowledgeItem {
    KnowledgeItemId id;
    KnowledgeKind kind = KnowledgeKind::kOther;
    std::string title;
    std::string text;
};

}  // namespace tecnochat::ai_reply
