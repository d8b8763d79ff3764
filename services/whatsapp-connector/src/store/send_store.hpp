#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "domain/send.hpp"
#include "domain/send_change.hpp"
#include "domain/send_rotation.hpp"
#include "tecnochat/postgres/transaction.hpp"
#include "tecnochat/sealing/keys.hpp"

namespace tecnochat::whatsapp_connector {

/// The sends table: every transition of the protocol is one bulk statement with its precondition in
/// the WHERE clause, so that a worker that lost its claim changes nothing. Recipient and body are
/// blanked by the statement that makes it certain that the send is never posted again; the table
/// refuses any other end. Stateless; the caller owns the transaction.
class SendStore {
 public:
    /// Stores new sends in the given order; one that is already there changes nothing (the router's
    /// outbox is at-least-once). Their numbers become active. Queued. `keys` holds those of the
    /// sends' contacts; where one cannot be sealed, its error (sealing::Keys::seal) and nothing is
    /// queued. An erased person's send is stored without content: it fails on its way to the wire,
    /// which tells the router.
    Status insert(
        postgres::Transaction& transaction,
        std::span<const NewSend> sends,
        const sealing::Keys& keys
    );

    /// What a claim may take of one number.
    struct Share {
        SendNumber number;
        int most = 1;
    };
    /// queued -> claimed for at most `most` sends of each number: answers before bulk, the oldest
    /// first, at most one per conversation and only where nothing older of it is outstanding. Their
    /// content is sealed: open() it once the claim is committed.
    Result<std::vector<ClaimedSend>> claim(
        postgres::Transaction& transaction,
        const std::string& instance,
        std::span<const Share> shares
    );

    /// claimed -> queued, to be tried again after its pause (rate limits).
    struct Release {
        const ClaimedSend* send = nullptr;
        Milliseconds pause{0};
    };
    Status release(postgres::Transaction& transaction, std::span<const Release> releases);

    /// claimed -> wire, or -> failed where the number may not send, the window has closed or the
    /// content is unreadable, or -> queued where the content does not open yet; sends that are no
    /// longer ours, or in a state that this version does not know, are missing from the answer.
    /// Locks the numbers' authority rows until the commit.
    Result<std::vector<SendChange>> enter_wire(
        postgres::Transaction& transaction, std::span<const ClaimedSend> sends
    );

    /// wire -> what the answer says. An echo may have been faster: then only the message id is
    /// filled in and nothing is returned for it.
    Result<std::vector<SendChange>> record(
        postgres::Transaction& transaction, std::span<const Answered> answers
    );

    Result<std::vector<SendChange>> apply_echoes(
        postgres::Transaction& transaction, std::span<const Echo> echoes
    );
    Status advance_watermarks(
        postgres::Transaction& transaction, std::span<const Watermark> watermarks
    );

    /// After a restart of `instance`, or once a claim is older than `lease`: claimed -> queued
    /// (nothing was sent), wire -> in_doubt.
    Result<std::vector<SendChange>> recover(
        postgres::Transaction& transaction,
        const std::string& instance,
        bool just_started,
        Milliseconds lease
    );

    /// in_doubt -> unknown where doubt_expired().
    Result<std::vector<SendChange>> expire_doubts(
        postgres::Transaction& transaction, Timestamp now, Milliseconds patience
    );

    /// accepted -> sent for sends that were on the wire by `accepted_before` and that no status has
    /// told of since. Meta gave its id for them, so it took them: unknown would be wrong.
    Result<std::vector<SendChange>> settle_silent(
        postgres::Transaction& transaction, Timestamp accepted_before
    );

    /// Deletes sends in a terminal state that went to the wire, or failed on the way there, before
    /// `older_than`, at most `limit`; returns how many. An order that comes again after that is a
    /// new send.
    Result<std::int64_t> forget(
        postgres::Transaction& transaction, Timestamp older_than, int limit
    );
};

}  // namespace tecnochat::whatsapp_connector
