#pragma once

#include <span>

#include "tecnochat/kafka/dead_letters.hpp"
#include "tecnochat/kafka/producer.hpp"
#include "use_cases/answer_turn.hpp"

namespace tecnochat::ai_reply {

/// ai.requests in, ai.replies out: each record of a batch is answered, all replies are durable when
/// handle() returns ok, and only then may the batch's offsets be committed. Keeps nothing: a batch
/// handled again yields the same reply ids, which the router takes once. A record that cannot be
/// read goes to the dead letters.
class RequestHandler {
 public:
    RequestHandler(
        AnswerTurn& answer_turn,
        kafka::Producer& producer,
        kafka::DeadLetters& dead_letters,
        const Clock& clock
    );

    Status handle(std::span<const kafka::Record> batch);

 private:
    Result<kafka::OutRecord> answer(const kafka::Record& record, Deadline deadline);
    /// answer(), with what the engine throws as an error.
    Result<kafka::OutRecord> answer_guarded(const kafka::Record& record, Deadline deadline);

    AnswerTurn& answer_turn_;
    kafka::Producer& producer_;
    kafka::DeadLetters& dead_letters_;
    const Clock& clock_;
};

}  // namespace tecnochat::ai_reply
