#pragma once

#include <span>
#include <string>
#include <vector>

#include "batch.hpp"
#include "directory.hpp"
#include "domain/inbound.hpp"
#include "store/contacts.hpp"
#include "store/conversations.hpp"
#include "store/messages.hpp"
#include "tecnochat/core/clock.hpp"
#include "tecnochat/kafka/dead_letters.hpp"
#include "tecnochat/outbox/outbox.hpp"

namespace tecnochat::message_router {

/// A decoded message whose number is connected.
struct InboundItem {
    TenantId tenant;
    domain::InboundMessage message;
    const kafka::Record* record = nullptr;  // for the dead letters and the trace
};

/// Topic whatsapp.inbound: stores every message of a customer exactly once, with its contact, its
/// conversation and its turn, and asks the AI where it is the AI's turn. One transaction per batch.
/// Used by one thread.
class ReceiveInbound {
 public:
    ReceiveInbound(
        postgres::Pool& pool,
        Directory& directory,
        crypto::ContentSealer& sealer,
        outbox::Outbox& outbox,
        kafka::DeadLetters& dead_letters,
        RouterMetrics& metrics,
        const Clock& clock,
        Milliseconds stale_after
    );

    /// ok: every record is settled (stored, dropped for a reason, or in the dead letters).
    Status operator()(std::span<const kafka::Record> records);

 private:
    struct Prepared;

    Result<std::vector<InboundItem>> route(
        std::span<const kafka::Record> records, Effects& effects
    );
    Result<Effects> store(postgres::Transaction& transaction, std::span<const InboundItem> items);
    Result<std::vector<ContactId>> find_contacts(
        postgres::Transaction& transaction, std::span<const InboundItem* const> items
    );
    Result<std::vector<store::LockedConversation>> find_conversations(
        postgres::Transaction& transaction,
        std::span<const InboundItem* const> items,
        std::span<const ContactId> contacts
    );
    Result<Effects> decide_and_write(
        postgres::Transaction& transaction,
        std::span<const InboundItem* const> items,
        std::span<const ContactId> contacts,
        std::vector<store::LockedConversation>& conversations
    );
    Result<Effects> set_aside(
        postgres::Transaction& transaction, const InboundItem& item, const Error& error
    );
    Status park(postgres::Transaction& transaction, const InboundItem& item);

    postgres::Pool& pool_;
    Directory& directory_;
    outbox::Outbox& outbox_;
    kafka::DeadLetters& dead_letters_;
    RouterMetrics& metrics_;
    const Clock& clock_;
    Milliseconds stale_after_;
    store::Contacts contacts_;
    store::Messages messages_;
};

}  // namespace tecnochat::message_router
