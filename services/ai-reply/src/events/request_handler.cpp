#include "events/request_handler.hpp"

#include <exception>
#include <optional>
#include <utility>
#include <vector>

#include "events/event_codec.hpp"
#include "tecnochat/core/failpoint.hpp"
#include "tecnochat/kafka/topics.hpp"
#include "tecnochat/telemetry/log.hpp"

namespace tecnochat::ai_reply {
namespace {

Failpoint before_produce{"ai-reply.replies.produce.before"};
Failpoint after_produce{"ai-reply.replies.produce.after"};

/// Reading a tenant's knowledge; answering itself takes well under a millisecond.
constexpr Milliseconds kAnswerLimit{10'000};
constexpr Milliseconds kProduceLimit{30'000};

constexpr const char* kEngineThrew = "ENGINE_THREW";

/// Only a record that itself is wrong is set aside; whatever the store says, the record is good.
/// The customer chooses the words: an engine that stumbles over them must not stop everybody's
/// answers. The router hands such a turn over when its time is up.
bool is_poison(const Error& error) {
    return error.reason == "UNPARSABLE" || error.reason == "INVALID_ID" ||
           error.reason == kEngineThrew;
}

}  // namespace

RequestHandler::RequestHandler(
    AnswerTurn& answer_turn,
    kafka::Producer& producer,
    kafka::DeadLetters& dead_letters,
    const Clock& clock
)
    : answer_turn_(answer_turn), producer_(producer), dead_letters_(dead_letters), clock_(clock) {}

Result<kafka::OutRecord> RequestHandler::answer_guarded(
    const kafka::Record& record, Deadline deadline
) {
    try {
        return answer(record, deadline);
    } catch (const std::exception&) {
        // Its message may quote the customer: it is not told.
        return make_error(ErrorCode::kInternal, "the engine failed on a request", kEngineThrew);
    }
}

Result<kafka::OutRecord> RequestHandler::answer(const kafka::Record& record, Deadline deadline) {
    TECNOCHAT_TRY(const TurnRequest request, parse_request(record.value));
    const auto trace = record.trace();
    std::optional<telemetry::TraceScope> scope;
    if (trace) scope.emplace(trace->child());

    TECNOCHAT_TRY(const Reply reply, answer_turn_.run(request.tenant, request.question, deadline));
    const MessageId reply_id = AnswerTurn::reply_id(request.turn);
    const kafka::EventHeaders event{
        reply_id.to_string(),
        "tecnochat.ai.v1.AiReply",
        "/tecnochat/ai-reply",
        clock_.now(),
        request.tenant,
        telemetry::current_trace()
    };
    return kafka::OutRecord{
        std::string(kafka::topics::kAiReplies),
        record.key,
        serialize_reply(request, reply_id, reply),
        kafka::to_headers(event)
    };
}

Status RequestHandler::handle(std::span<const kafka::Record> batch) {
    std::vector<kafka::OutRecord> replies;
    replies.reserve(batch.size());
    std::vector<std::pair<const kafka::Record*, std::string>> poison;
    const Deadline deadline = Deadline::after(kAnswerLimit);
    for (const kafka::Record& record : batch) {
        Result<kafka::OutRecord> reply = answer_guarded(record, deadline);
        if (reply) {
            replies.push_back(std::move(reply).value());
        } else if (is_poison(reply.error())) {
            poison.emplace_back(&record, reply.error().reason);
        } else {
            return std::move(reply).error();
        }
    }
    for (const auto& [record, reason] : poison) {
        telemetry::log_error(
            "request set aside",
            {{"reason", reason}, {"partition", record->partition}, {"offset", record->offset}}
        );
        TECNOCHAT_CHECK(dead_letters_.put(*record, reason));
    }
    if (replies.empty()) return ok();
    before_produce.hit();
    TECNOCHAT_CHECK(producer_.send_and_wait(replies, Deadline::after(kProduceLimit)));
    after_produce.hit();
    return ok();
}

}  // namespace tecnochat::ai_reply
