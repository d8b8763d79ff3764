#pragma once

#include "tecnochat/pipeline/answering.hpp"
#include "use_cases/answer_turn.hpp"

namespace tecnochat::ai_reply {

extern const pipeline::AnsweringTopic kRequests;

/// ai.requests in, ai.replies out. Keeps nothing: a batch that is handled again yields the same
/// reply ids, which the router takes once. `answer_turn` and `clock` must outlive the handler.
kafka::Consumer::Handler answer_requests(
    const pipeline::Runtime& runtime, AnswerTurn& answer_turn, const Clock& clock
);

}  // namespace tecnochat::ai_reply
