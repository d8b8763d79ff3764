#include "wire.hpp"

#include "tecnochat/core/assert.hpp"

namespace tecnochat::ai_reply {

ai::v1::AiAction to_wire(Action action) {
    switch (action) {
        case Action::kAnswer:
            return ai::v1::AI_ACTION_ANSWER;
        case Action::kRefuse:
            return ai::v1::AI_ACTION_REFUSE;
        case Action::kHandoff:
            return ai::v1::AI_ACTION_HANDOFF;
        case Action::kSmalltalk:
            return ai::v1::AI_ACTION_SMALLTALK;
    }
    assertion_failed("Action", "an enumerator that does not exist", __FILE__, __LINE__);
}

ai::v1::AiIntent to_wire(Intent intent) {
    switch (intent) {
        case Intent::kAskInfo:
            return ai::v1::AI_INTENT_ASK_INFO;
        case Intent::kHuman:
            return ai::v1::AI_INTENT_HUMAN;
        case Intent::kGreeting:
            return ai::v1::AI_INTENT_GREETING;
        case Intent::kThanks:
            return ai::v1::AI_INTENT_THANKS;
        case Intent::kNone:
            return ai::v1::AI_INTENT_NONE;
    }
    assertion_failed("Intent", "an enumerator that does not exist", __FILE__, __LINE__);
}

void to_wire(const Source& source, ai::v1::Source& out) {
    out.set_item_id(source.item_id.to_string());
    out.set_title(source.title);
    out.set_excerpt(source.excerpt);
    out.set_score(source.score);
}

}  // namespace tecnochat::ai_reply
