#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "domain/send.hpp"
#include "domain/send_protocol.hpp"
#include "tecnochat/crypto/content_sealer.hpp"
#include "tecnochat/postgres/transaction.hpp"

namespace tecnochat::whatsapp_connector {

/// A send's state as it now stands, for the event that tells the router.
struct SendChange {
    TenantId tenant;
    MessageId id;
    std::string phone_number_id;
    ConversationId conversation;
    SendState state = SendState::kQueued;
    int attempt = 1;
    std::string wamid;
    int error_code = 0;
    Failure failure = Failure::kNone;
    std::string traceparent;  // of the order; empty if it had none
};

/// An answer to record for a send this worker put on the wire.
struct Answered {
    const ClaimedSend* send = nullptr;
    AfterAnswer after;
};

/// A status of Meta's that carries one of our send ids.
struct Echo {
    TenantId tenant;
    MessageId id;
    EchoKind kind = EchoKind::kDelivered;
    std::string wamid;
    int error_code = 0;
};

/// Latest status time per number.
struct Watermark {
    TenantId tenant;
    std::string phone_number_id;
    Timestamp latest;
};

/// The sends table: every transition of the protocol is one bulk statement with its precondition in
/// the WHERE clause, so that a worker that lost its claim changes nothing. Recipient and body are
/// blanked by the statement that makes it certain that the send is never posted again; the table
/// refuses any other end. Stateless but for the sealer; the caller owns the transaction.
class SendStore {
 public:
    explicit SendStore(crypto::ContentSealer& sealer) : sealer_(sealer) {}

    /// Stores new sends in the given order; one that is already there changes nothing (the router's
    /// outbox is at-least-once).
    Status insert(postgres::Transaction& transaction, std::span<const NewSend> sends);

    /// queued -> claimed for at most `limit` sends, oldest first, at most one per conversation and
    /// only where nothing older of it is outstanding. One whose content does not open is among them
    /// and says so: it holds up nobody else's.
    Result<std::vector<ClaimedSend>> claim(
        postgres::Transaction& transaction, const std::string& instance, int limit
    );

    /// claimed -> queued, to be tried again after its pause (rate limits).
    struct Release {
        const ClaimedSend* send = nullptr;
        Milliseconds pause{0};
    };
    Status release(postgres::Transaction& transaction, std::span<const Release> releases);

    /// claimed -> wire, or -> failed where the number may not send, the window has closed or the
    /// content is unreadable, or -> queued where the content does not open yet; sends that are no
    /// longer ours are missing from the answer. Locks the numbers' authority rows until the commit.
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

 private:
    ClaimedSend to_claimed(const postgres::Row& row);
    Status open(ClaimedSend& send, std::string_view recipient, std::string_view body);

    crypto::ContentSealer& sealer_;
};

}  // namespace tecnochat::whatsapp_connector
