#pragma once

#include <optional>
#include <span>
#include <vector>

#include "domain/conversation.hpp"
#include "domain/reply.hpp"
#include "store/conversations.hpp"
#include "tecnochat/postgres/transaction.hpp"

namespace tecnochat::message_router::store {

struct NewTurn {
    TenantId tenant;
    TurnId id;
    ConversationId conversation;
    std::int64_t epoch = 0;
    std::optional<domain::TurnEnd> end;  // nullopt: open
    Timestamp opened_at;                 // when its first message reached us
};

struct TurnRef {
    TenantId tenant;
    TurnId id;
    auto operator<=>(const TurnRef&) const = default;
};

struct OpenTurn {
    ConversationRef conversation;
    TurnId id;
    Timestamp opened_at;
};

struct ClosedTurn {
    TurnRef turn;
    domain::TurnEnd end;
};

/// Behind which open turn a page begins.
struct OpenTurnCursor {
    Timestamp opened_at;
    TurnId id;
};

/// Table turns. The callers hold the locks of the conversations concerned, but for open_since. What
/// writes is queued: it travels with the transaction's next execute() or its commit.
namespace turns {

/// `now` closes those that have ended.
void insert(postgres::Transaction& transaction, std::span<const NewTurn> turns, Timestamp now);
Result<std::vector<domain::Turn>> find(
    postgres::Transaction& transaction, std::span<const TurnRef> refs
);
/// Open turns whose message reached us at `time` or before, oldest first: the page behind `after`,
/// `limit` at most. Commits the transaction, so that all is one round trip.
Result<std::vector<OpenTurn>> open_since(
    postgres::Transaction& transaction,
    Timestamp time,
    const std::optional<OpenTurnCursor>& after,
    int limit
);
/// Only open turns can be closed, for an outcome must never be overwritten: as many rows must be
/// affected as turns were given.
postgres::Pending close(
    postgres::Transaction& transaction, std::span<const ClosedTurn> closed, Timestamp now
);
/// Ends every open turn of these conversations as silence("superseded"); affects as many rows.
postgres::Pending supersede_open(
    postgres::Transaction& transaction,
    std::span<const ConversationRef> conversations,
    Timestamp now
);

}  // namespace turns
}  // namespace tecnochat::message_router::store
