#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "domain/reply.hpp"
#include "store/conversations.hpp"
#include "store/messages.hpp"
#include "store/turns.hpp"
#include "use_cases/router_metrics.hpp"
#include "use_cases/turn_reply.hpp"

namespace tecnochat::message_router {

struct TurnKey {
    store::ConversationRef conversation;
    TurnId turn;
};

/// The turns that one transaction ends, whoever ends them: the AI's reply or the time that ran out.
/// Reads them under the locks of their conversations and writes what the domain decided.
class TurnEndings {
 public:
    /// A turn and its conversation for the domain to decide on; valid as long as the endings.
    struct Found {
        store::LockedConversation& conversation;
        domain::Turn& turn;
    };

    static Result<TurnEndings> lock(
        postgres::Transaction& transaction, std::span<const TurnKey> keys
    );
    /// nullopt where there is no such turn or conversation.
    [[nodiscard]] std::optional<Found> find(const TurnKey& key);
    /// Takes down a decision; `words` leave where it gave them a sequence.
    void add(
        const Found& found,
        const domain::ReplyDecision& decision,
        Words words,
        Timestamp now,
        const std::optional<telemetry::TraceContext>& trace
    );
    /// What the endings are written with.
    struct Outside {
        const sealing::Keys& keys;
        outbox::Outbox& outbox;
        RouterMetrics& metrics;
    };
    /// What shows outside once the transaction has committed.
    Result<pipeline::Effects> write(
        postgres::Transaction& transaction, const Outside& outside, Timestamp now
    );

 private:
    std::map<store::ConversationRef, store::LockedConversation> conversations_;
    std::map<TurnId, domain::Turn> turns_;

    std::vector<store::ClosedTurn> closed_;
    std::set<store::ConversationRef> handed_over_;
    std::set<const domain::Conversation*> changed_;
    std::vector<store::NewMessage> replies_;
    std::vector<outbox::Entry> events_;
};

}  // namespace tecnochat::message_router
