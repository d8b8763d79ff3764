#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "domain/inbound.hpp"
#include "store/conversations.hpp"
#include "tecnochat/channels/directory.hpp"
#include "tecnochat/core/clock.hpp"
#include "tecnochat/outbox/outbox.hpp"
#include "tecnochat/pipeline/source.hpp"
#include "tecnochat/postgres/pool.hpp"
#include "tecnochat/sealing/sealer.hpp"
#include "use_cases/people.hpp"
#include "use_cases/router_metrics.hpp"
#include "use_cases/settle_waiting.hpp"

namespace tecnochat::message_router {

/// Topic whatsapp.inbound: stores every message of a customer exactly once, with its contact, its
/// conversation and its turn, and asks the AI where it is the AI's turn. Messages of a number that
/// no channel event has named yet wait in a table, bounded; those that wait for a number are
/// settled before any later one of it. What belongs to no private conversation (a group's, our own
/// number's, a notice about a stranger) is kept aside, where no conversation and no AI sees it.
/// Thread-safe.
class ReceiveInbound {
 public:
    using Item = pipeline::Incoming<domain::ArrivedMessage>;
    struct Outside {
        postgres::Pool& pool;
        channels::Directory& directory;
        sealing::Sealer& sealer;
        outbox::Outbox& outbox;
        RouterMetrics& metrics;
        const Clock& clock;
    };
    /// What is fetched before BEGIN.
    struct Prepared {
        const Item* first = nullptr;
        std::vector<std::size_t> writers;  // of each item; kNobody: it waits or is set aside
        People people;
        // Where something waits or may be set aside.
        std::shared_ptr<const sealing::Keyring> daily;
    };

    ReceiveInbound(const Outside& outside, Milliseconds stale_after)
        : outside_(outside), stale_after_(stale_after) {}

    Result<std::vector<pipeline::Verdict>> resolve(
        std::span<const domain::ArrivedMessage> messages, Deadline deadline
    );
    /// Settles first what waits for the numbers of these items.
    Result<Prepared> prepare(std::span<const Item> items, Deadline deadline);
    Result<pipeline::Effects> run(
        postgres::Transaction& transaction, std::span<const Item> items, Prepared& prepared
    );
    /// Parks the conversation.
    Result<pipeline::Effects> refuse(
        postgres::Transaction& transaction, const Item& item, const Error& error, Prepared& prepared
    );

    /// As prepare(), but looks for nothing that waits: for what waited itself.
    Result<Prepared> prepare_alone(std::span<const Item> items, Deadline deadline);
    /// Once, before it is used.
    void settle_with(SettleWaiting& settle) { settle_waiting_ = &settle; }

 private:
    struct Fresh {
        const Item* item;
        std::size_t writer;
    };
    Result<Prepared> prepare_as(std::span<const Item> items, bool settle_first, Deadline deadline);
    Status settle_waiting_of(std::span<const Item> items, Deadline deadline);
    Result<std::vector<store::StoredContact>> find_contacts(
        std::span<const People::Writer> writers, Deadline deadline
    );
    Status let_wait(
        postgres::Transaction& transaction, std::span<const Item* const> items, Prepared& prepared
    );
    Result<std::vector<Fresh>> first_seen(
        postgres::Transaction& transaction,
        std::span<const Item* const> items,
        const Prepared& prepared,
        pipeline::Effects& effects
    );
    /// Makes those that are missing, but none for a system notice alone.
    Result<std::vector<store::LockedConversation>> find_conversations(
        postgres::Transaction& transaction, std::span<const Fresh> items, const People& people
    );
    Result<pipeline::Effects> set_aside(
        postgres::Transaction& transaction,
        std::span<const Item* const> items,
        const Prepared& prepared
    );
    Result<pipeline::Effects> decide_and_write(
        postgres::Transaction& transaction,
        std::span<const Fresh> items,
        const People& people,
        std::vector<store::LockedConversation>& conversations
    );

    Outside outside_;
    Milliseconds stale_after_;
    SettleWaiting* settle_waiting_ = nullptr;  // lives beside this; null: nothing is settled first
};

}  // namespace tecnochat::message_router
