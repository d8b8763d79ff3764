#pragma once

#include <optional>
#include <string>
#include <vector>

#include "domain/contact_book.hpp"
#include "domain/conversation.hpp"
#include "domain/reply.hpp"
#include "tecnochat/postgres/transaction.hpp"
#include "tecnochat/sealing/keys.hpp"

namespace tecnochat::message_router::store {

/// A conversation as people see it.
struct ConversationView {
    domain::Conversation state;
    /// False: a newer version wrote who answers next, and state.turn says nothing.
    bool turn_known = true;
    std::string phone_number_id;
    domain::Contact contact;  // without name and identity if erased
    bool erased = false;
};

/// A message as people see it. A word that a newer version wrote is nullopt.
struct MessageView {
    MessageId id;
    std::int64_t sequence = 0;
    std::optional<domain::Direction> direction;
    std::optional<domain::Provenance> provenance;
    std::string type;
    std::string text;     // or the caption of media; empty for types that have none, and if erased
    bool erased = false;  // its content is destroyed
    std::optional<domain::MessageStatus> status;
    std::string wamid;
    Timestamp created_at;
    TurnId turn;
    std::optional<domain::Outcome> turn_outcome;  // inbound only
    std::string silence_reason;
    std::vector<std::string> in_reply_to;  // outbound only
    std::vector<domain::Source> sources;
};

/// The last conversation of a page; the next page begins after it.
struct ConversationCursor {
    Timestamp last_message_at;
    ConversationId id;
};

struct ConversationFilter {
    std::optional<std::string> phone_number_id;
    std::optional<std::string> contact_phone;
};

/// What was read and is still sealed: `sealed` is the name of a conversation's contact, or the text
/// of a message (nullopt where it has none to show).
template <class View>
struct Sealed {
    View view;
    ContactId person;
    std::optional<std::string> sealed;
};
using SealedConversation = Sealed<ConversationView>;
using SealedMessage = Sealed<MessageView>;

/// Which page of a tenant's conversations.
struct ConversationPage {
    ConversationFilter filter;
    std::optional<ConversationCursor> after;
    int limit = 0;
};

/// Which page of a conversation's messages: those with a sequence above `after`.
struct MessagePage {
    ConversationId conversation;
    std::int64_t after = 0;
    int limit = 0;
};

/// Reading for people: one tenant per call, pages bounded by `limit`. The statements are queued;
/// their rows are read once the transaction has committed. No row fails its page.
namespace views {

/// Newest activity first.
postgres::Pending send_conversations(
    postgres::Transaction& transaction, const TenantId& tenant, const ConversationPage& page
);
/// No row if the tenant has none with that id.
postgres::Pending send_conversation(
    postgres::Transaction& transaction, const TenantId& tenant, const ConversationId& id
);
/// Oldest first.
postgres::Pending send_messages(
    postgres::Transaction& transaction, const TenantId& tenant, const MessagePage& page
);
std::vector<SealedConversation> read_conversations(const postgres::Pending& queued);
std::vector<SealedMessage> read_messages(const postgres::Pending& queued);

/// Opened with `keys`, which hold the person. Content of an erased person is shown as erased, and
/// damaged content as empty; only a key that cannot be had now is an error (kUnavailable).
Result<ConversationView> open(SealedConversation sealed, const sealing::Keys& keys);
Result<MessageView> open(SealedMessage sealed, const TenantId& tenant, const sealing::Keys& keys);

}  // namespace views
}  // namespace tecnochat::message_router::store
