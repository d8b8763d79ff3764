#include "consumers.hpp"

#include "events/event_codec.hpp"
#include "tecnochat/kafka/topics.hpp"

namespace tecnochat::ai_reply {

const pipeline::AnsweringTopic kRequests{"ai-reply", kafka::topics::kAiRequests};

kafka::Consumer::Handler answer_requests(
    const pipeline::Runtime& runtime, AnswerTurn& answer_turn, const Clock& clock
) {
    return pipeline::answering(
        runtime,
        kRequests,
        pipeline::Source<TurnRequest>{parse_request, pipeline::tenant_from(&TurnRequest::tenant)},
        [&answer_turn, &clock](
            const pipeline::Incoming<TurnRequest>& request, Deadline deadline
        ) -> Result<kafka::OutRecord> {
            TECNOCHAT_TRY(
                const Reply reply, answer_turn.run(request.tenant, request.value.question, deadline)
            );
            const auto reply_id = AnswerTurn::reply_id(request.value.turn);
            return reply_record(request.value, reply_id, reply, clock.now());
        }
    );
}

}  // namespace tecnochat::ai_reply
