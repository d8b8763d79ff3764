#pragma once

#include <span>
#include <vector>

#include "batch.hpp"
#include "domain/reply.hpp"
#include "store/conversations.hpp"
#include "store/messages.hpp"
#include "tecnochat/core/clock.hpp"
#include "tecnochat/kafka/dead_letters.hpp"

namespace tecnochat::message_router {

struct ReplyItem {
    domain::AiReply reply;
    const kafka::Record* record = nullptr;
};

/// Topic ai.replies: ends a turn with the AI's words if the turn is still waiting for them, and
/// drops them otherwise. A reply brought twice finds its turn closed, so no inbox is needed. Used
/// by one thread.
class AcceptReplies {
 public:
    AcceptReplies(
        postgres::Pool& pool,
        crypto::ContentSealer& sealer,
        outbox::Outbox& outbox,
        kafka::DeadLetters& dead_letters,
        RouterMetrics& metrics,
        const Clock& clock
    );

    Status operator()(std::span<const kafka::Record> records);

 private:
    Result<Effects> accept(postgres::Transaction& transaction, std::span<const ReplyItem> items);
    Result<Effects> set_aside(
        postgres::Transaction& transaction, const ReplyItem& item, const Error& error
    );

    postgres::Pool& pool_;
    outbox::Outbox& outbox_;
    kafka::DeadLetters& dead_letters_;
    RouterMetrics& metrics_;
    const Clock& clock_;
    store::Messages messages_;
};

}  // namespace tecnochat::message_router
