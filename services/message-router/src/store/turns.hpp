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
};

struct ClosedTurn {
    TurnRef turn;
    domain::TurnEnd end;
};

/// Table turns. The callers hold the locks of the conversations concerned, but for open_since.
namespace turns {

/// `now` closes those that have ended.
Status insert(postgres::Transaction& transaction, std::span<const NewTurn> turns, Timestamp now);
Result<std::vector<domain::Turn>> find(
    postgres::Transaction& transaction, std::span<const TurnRef> refs
);
/// At most `limit` open turns whose message reached us at `time` or before, oldest first.
Result<std::vector<OpenTurn>> open_since(
    postgres::Transaction& transaction, Timestamp time, int limit
);
/// Only open turns can be closed: asserts that each was, for an outcome must never be overwritten.
Status close(postgres::Transaction& transaction, std::span<const ClosedTurn> closed, Timestamp now);
/// Ends every open turn of these conversations as silence("superseded"); returns how many.
Result<std::int64_t> supersede_open(
    postgres::Transaction& transaction,
    std::span<const ConversationRef> conversations,
    Timestamp now
);

}  // namespace turns
}  // namespace tecnochat::message_router::store
