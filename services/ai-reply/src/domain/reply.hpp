#pragma once

#include <string>
#include <vector>

#include "tecnochat/core/uuid.hpp"

namespace tecnochat::ai_reply {

/// What a customer asks in one turn: their messages, oldest first.
struct Question {
    std::vector<std::string> messages;
};

enum class Action { kAnswer, kRefuse, kHandoff, kSmalltalk };
enum class Intent { kAskInfo, kHuman, kGreeting, kThanks, kNone };

/// A knowledge item an answer rests on; `excerpt` is what was taken from it, verbatim.
struct Source {
    KnowledgeItemId item_id;
    std::string title;
    std::string excerpt;
    double score = 0;
};

/// The engine's decision on a turn. `sources` is empty exactly when nothing was answered.
struct Reply {
    Action action = Action::kRefuse;
    Intent intent = Intent::kNone;
    std::string text;
    std::vector<Source> sources;
};

}  // namespace tecnochat::ai_reply
