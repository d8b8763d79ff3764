#include "store/send_store.hpp"

#include <unordered_map>

#include "store/send_content.hpp"
#include "store/send_queues.hpp"
#include "tecnochat/telemetry/log.hpp"

namespace tecnochat::whatsapp_connector {
namespace {

using postgres::Params;

constexpr std::string_view kInsert = R"sql(
    INSERT INTO sends (tenant_id, id, phone_number_id, conversation_id, contact_id, recipient, body,
        window_until, traceparent, lane)
    SELECT t, i, p, c, k, r, b, w, x, l
    FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::uuid[], $5::uuid[], $6::bytea[],
        $7::bytea[], $8::timestamptz[], $9::text[], $10::bigint[])
        WITH ORDINALITY AS s(t, i, p, c, k, r, b, w, x, l, place)
    ORDER BY place
    ON CONFLICT (tenant_id, id) DO NOTHING)sql";

// Number by number, so that each costs a look at its own queue alone. OFFSET 0 keeps the question
// about one conversation a lookup for each row. As a join it was planned from statistics of an
// empty queue, and read all that is outstanding for each row: in a backlog of 500 sends 20 ms
// instead of 1.
constexpr std::string_view kClaim = R"sql(
    WITH ready AS (
    SELECT r.tenant_id, r.id
    FROM unnest($1::uuid[], $2::text[], $3::bigint[]) AS n(tenant, number, most)
    CROSS JOIN LATERAL (
    SELECT s.tenant_id, s.id
    FROM sends s
    WHERE s.tenant_id = n.tenant
    AND s.phone_number_id = n.number
    AND s.open
    AND s.state = 'queued'
    AND s.next_attempt_at <= now()
    AND NOT EXISTS (SELECT 1
    FROM sends o
    WHERE o.tenant_id = s.tenant_id
    AND o.conversation_id = s.conversation_id
    AND o.open
    AND (o.sequence < s.sequence OR o.state <> 'queued') OFFSET 0)
    ORDER BY s.lane, s.sequence LIMIT n.most FOR UPDATE OF s SKIP LOCKED) r)
    UPDATE sends s
    SET state = 'claimed', claim_epoch = s.claim_epoch + 1, claimed_by = $4, claimed_at = now(),
        updated_at = now()
    FROM ready
    WHERE s.tenant_id = ready.tenant_id
    AND s.id = ready.id
    RETURNING s.tenant_id, s.id, s.phone_number_id, s.conversation_id, s.contact_id, s.recipient,
        s.body, s.attempt, s.claim_epoch, s.window_until)sql";

constexpr std::string_view kRelease = R"sql(
    UPDATE sends s
    SET state = 'queued', next_attempt_at = now() + make_interval(secs => c.pause / 1000.0),
        updated_at = now()
    FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[]) AS c(tenant, id, epoch, pause)
    WHERE s.tenant_id = c.tenant
    AND s.id = c.id
    AND s.state = 'claimed'
    AND s.claim_epoch = c.epoch)sql";

// Joined to the literals before it by the compiler, which no constant can be.
// NOLINTNEXTLINE(cppcoreguidelines-macro-usage): see above
#define SEND_CHANGE_COLUMNS                                                         \
    "s.tenant_id, s.id, s.phone_number_id, s.conversation_id, s.state, s.attempt, " \
    "coalesce(s.wamid, '') AS wamid, s.error_code, s.failure, s.traceparent"

// The authority rows stay locked until the commit: a disconnect waits for it, or this waits for the
// disconnect.
constexpr std::string_view kLockChannels = R"sql(
    SELECT phone_number_id
    FROM channels
    WHERE phone_number_id = ANY ($1::text[])
    ORDER BY phone_number_id FOR SHARE)sql";
// A row of ours may stand in `wire` already, when the answer to an earlier commit was lost: it was
// not posted yet, or it would not be asked for. The statement's time, not the transaction's: the
// wait for the authority rows may have been long, and a window may have closed meanwhile. A number
// without an authority row of this tenant is not connected: left out, its sends would be claimed
// for ever. Content that cannot be opened yet is tried again with a pause, that the claims of
// others come first.
constexpr std::string_view kEnterWire = R"sql(
    UPDATE sends s
    SET state = CASE WHEN v.failure <> 0 THEN 'failed' WHEN v.content = 'not_yet' THEN 'queued'
        ELSE 'wire' END, failure = v.failure,
        next_attempt_at = CASE WHEN v.content = 'not_yet' THEN now() + interval '5 s'
        ELSE s.next_attempt_at END,
        recipient = CASE WHEN v.failure = 0 THEN s.recipient ELSE '' END,
        body = CASE WHEN v.failure = 0 THEN s.body ELSE '' END,
        wire_at = statement_timestamp(), updated_at = now()
    FROM (SELECT c.tenant, c.id, c.epoch, c.content,
        CASE WHEN h.state IS DISTINCT FROM 'connected' THEN 2
        WHEN c.window_until <= statement_timestamp() THEN 1
        WHEN c.content = 'unreadable' THEN 4 ELSE 0 END AS failure
    FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::text[], $5::timestamptz[], $6::text[])
        AS c(tenant, id, epoch, number, window_until, content)
    LEFT JOIN channels h ON h.phone_number_id = c.number
    AND h.tenant_id = c.tenant) v
    WHERE s.tenant_id = v.tenant
    AND s.id = v.id
    AND s.state IN ('claimed', 'wire')
    AND s.claim_epoch = v.epoch
    RETURNING )sql" SEND_CHANGE_COLUMNS;

// While the database was away the lease may have doubted what a living worker has the answer to:
// the answer is the better knowledge. Nobody else can hold it: the claim is told apart by its
// epoch. A claim has one answer, so whatever it says but "later" is the last time the content was
// of use: also in doubt, for what may have gone out is never posted again.
constexpr std::string_view kRecord = R"sql(
    UPDATE sends s
    SET state = c.state, wamid = coalesce(s.wamid, nullif(c.wamid, '')), error_code = c.error,
        failure = c.failure,
        recipient = CASE WHEN c.state = 'queued' THEN s.recipient ELSE '' END,
        body = CASE WHEN c.state = 'queued' THEN s.body ELSE '' END,
        attempt = s.attempt + CASE WHEN c.state = 'queued' THEN 1 ELSE 0 END,
        next_attempt_at = now() + make_interval(secs => c.pause / 1000.0), updated_at = now()
    FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::text[], $5::text[], $6::bigint[],
        $7::bigint[], $8::bigint[]) AS c(tenant, id, epoch, state, wamid, error, failure, pause)
    WHERE s.tenant_id = c.tenant
    AND s.id = c.id
    AND (s.state = 'wire' OR (s.state = 'in_doubt' AND c.state <> 'in_doubt'))
    AND s.claim_epoch = c.epoch
    RETURNING )sql" SEND_CHANGE_COLUMNS;
// Sends that an echo settled before the answer came: the answer only adds Meta's id.
constexpr std::string_view kFillWamid = R"sql(
    UPDATE sends s
    SET wamid = c.wamid
    FROM unnest($1::uuid[], $2::uuid[], $3::text[]) AS c(tenant, id, wamid)
    WHERE s.tenant_id = c.tenant
    AND s.id = c.id
    AND s.wamid IS NULL
    AND c.wamid <> '')sql";

constexpr std::string_view kLockForEcho = R"sql(
    SELECT s.tenant_id, s.id, s.state
    FROM sends s
    JOIN unnest($1::uuid[], $2::uuid[], $3::boolean[]) AS c(tenant, id,
        failed) ON s.tenant_id = c.tenant
    AND s.id = c.id
    WHERE s.state IN ('wire', 'accepted', 'in_doubt', 'unknown') OR (s.state = 'sent'
    AND c.failed)
    ORDER BY s.tenant_id, s.id FOR UPDATE OF s)sql";
constexpr std::string_view kApplyEcho = R"sql(
    UPDATE sends s
    SET state = c.state, wamid = coalesce(s.wamid, nullif(c.wamid, '')),
        error_code = CASE WHEN c.error <> 0 THEN c.error ELSE s.error_code END, recipient = '',
        body = '', updated_at = now()
    FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::bigint[]) AS c(tenant, id,
        state, wamid, error)
    WHERE s.tenant_id = c.tenant
    AND s.id = c.id
    RETURNING )sql" SEND_CHANGE_COLUMNS;

constexpr std::string_view kAdvanceWatermarks = R"sql(
    INSERT INTO status_watermarks AS w (tenant_id, phone_number_id, latest)
    SELECT t, p, l
    FROM unnest($1::uuid[], $2::text[], $3::timestamptz[]) AS s(t, p, l)
    ORDER BY t, p
    ON CONFLICT (tenant_id, phone_number_id) DO UPDATE SET latest = excluded.latest
    WHERE w.latest < excluded.latest)sql";

constexpr std::string_view kRequeueClaims = R"sql(
    UPDATE sends s
    SET state = 'queued', updated_at = now()
    WHERE s.open
    AND s.state = 'claimed'
    AND ((s.claimed_by = $1
    AND $2) OR s.claimed_at < now() - make_interval(secs => $3 / 1000.0)))sql";
// Unlike a doubt that an answer leaves, this one keeps the content: the worker may still live, and
// its answer say that nothing went out.
constexpr std::string_view kDoubtWires = R"sql(
    UPDATE sends s
    SET state = 'in_doubt', updated_at = now()
    WHERE s.open
    AND s.state = 'wire'
    AND ((s.claimed_by = $1
    AND $2) OR s.wire_at < now() - make_interval(secs => $3 / 1000.0))
    RETURNING )sql" SEND_CHANGE_COLUMNS;

constexpr std::string_view kDoubts = R"sql(
    SELECT s.tenant_id, s.id, s.wire_at, w.latest
    FROM sends s
    LEFT JOIN status_watermarks w ON w.tenant_id = s.tenant_id
    AND w.phone_number_id = s.phone_number_id
    WHERE s.open
    AND s.state = 'in_doubt'
    ORDER BY s.tenant_id, s.id LIMIT 1000 FOR UPDATE OF s)sql";
constexpr std::string_view kGiveUp = R"sql(
    UPDATE sends s
    SET state = 'unknown', recipient = '', body = '', updated_at = now()
    FROM unnest($1::uuid[], $2::uuid[]) AS c(tenant, id)
    WHERE s.tenant_id = c.tenant
    AND s.id = c.id
    AND s.state = 'in_doubt'
    RETURNING )sql" SEND_CHANGE_COLUMNS;

constexpr std::string_view kSettleSilent = R"sql(
    WITH silent AS (
    SELECT tenant_id, id
    FROM sends
    WHERE NOT open
    AND awaits_status
    AND closed_wire_at <= $1
    ORDER BY closed_wire_at LIMIT 1000 FOR UPDATE SKIP LOCKED)
    UPDATE sends s
    SET state = 'sent', updated_at = now()
    FROM silent
    WHERE s.tenant_id = silent.tenant_id
    AND s.id = silent.id
    RETURNING )sql" SEND_CHANGE_COLUMNS;

// In the order of the index, and by the rows' places: both keep the planner from reading the whole
// table where next to nothing is to be forgotten.
constexpr std::string_view kForget = R"sql(
    DELETE FROM sends
    WHERE ctid = ANY (ARRAY(SELECT ctid
    FROM sends
    WHERE NOT open
    AND NOT awaits_status
    AND closed_wire_at < $1
    ORDER BY closed_wire_at LIMIT $2 FOR UPDATE SKIP LOCKED)))sql";

Result<SendChange> to_change(const postgres::Row& row) {
    SendChange change;
    change.tenant = row.id<TenantId>("tenant_id");
    change.id = row.id<MessageId>("id");
    change.phone_number_id = row.text("phone_number_id");
    change.conversation = row.id<ConversationId>("conversation_id");
    TECNOCHAT_TRY(change.state, row.word("state", parse_send_state));
    change.attempt = static_cast<int>(row.number("attempt"));
    change.wamid = row.text("wamid");
    change.error_code = static_cast<int>(row.number("error_code"));
    change.failure = static_cast<Failure>(row.number("failure"));
    change.traceparent = row.text("traceparent");
    return change;
}

// For callers that take a failing batch apart: a state that this version does not know is the fault
// of its send alone.
Result<std::vector<SendChange>> to_changes(const postgres::Rows& rows) {
    std::vector<SendChange> changes;
    changes.reserve(static_cast<std::size_t>(rows.size()));
    for (const auto row : rows) {
        TECNOCHAT_TRY(auto change, to_change(row));
        changes.push_back(std::move(change));
    }
    return changes;
}

// For callers that would only fail again, and hold up the others for ever: such a send is left out,
// as one that is no longer ours.
std::vector<SendChange> to_known_changes(const postgres::Rows& rows) {
    std::vector<SendChange> changes;
    changes.reserve(static_cast<std::size_t>(rows.size()));
    for (const auto row : rows) {
        auto change = to_change(row);
        if (change) {
            changes.push_back(std::move(*change));
            continue;
        }
        telemetry::log_error(
            "a send is in a state that this version does not know",
            {{"tenant_id", row.id<TenantId>("tenant_id").to_string()},
             {"send_id", row.id<MessageId>("id").to_string()},
             {"code", to_string(change.error().code)},
             {"reason", change.error().reason}}
        );
    }
    return changes;
}

/// The columns (tenant, id) of a bulk statement.
template <class Items>
Params keys_of(const Items& items) {
    using Item = std::remove_cvref_t<decltype(*std::begin(items))>;
    return std::move(Params().add_columns(items, &Item::tenant, &Item::id));
}

std::string_view to_string(Content content) {
    switch (content) {
        case Content::kReadable:
            return "readable";
        case Content::kNotYet:
            return "not_yet";
        case Content::kUnreadable:
            return "unreadable";
    }
    return "unreadable";
}

}  // namespace

Status SendStore::insert(
    postgres::Transaction& transaction, std::span<const NewSend> sends, const sealing::Keys& keys
) {
    std::vector<std::string> recipients, bodies;
    for (const auto& send : sends) {
        const sealing::Person person{send.tenant, send.contact};
        if (keys.state(person) == sealing::KeyState::kErased) {
            recipients.emplace_back();
            bodies.emplace_back();
            continue;
        }
        TECNOCHAT_TRY(auto recipient, keys.seal(person, send_content::to_text(send.recipient)));
        TECNOCHAT_TRY(auto body, keys.seal(person, send.body));
        recipients.push_back(std::move(recipient));
        bodies.push_back(std::move(body));
    }
    const auto to_bytes = [](const std::string& sealed) { return postgres::Bytes{sealed}; };
    transaction.send(
        kInsert,
        keys_of(sends)
            .add_columns(
                sends, &NewSend::phone_number_id, &NewSend::conversation, &NewSend::contact
            )
            .add_columns(recipients, to_bytes)
            .add_columns(bodies, to_bytes)
            .add_columns(
                sends,
                &NewSend::window_until,
                &NewSend::traceparent,
                [](const NewSend& send) { return static_cast<int>(send.lane); }
            )
    );
    send_queues::touch(transaction, sends);
    return ok();
}

namespace {

ClaimedSend to_claimed(const postgres::Row& row) {
    ClaimedSend send;
    send.tenant = row.id<TenantId>("tenant_id");
    send.id = row.id<MessageId>("id");
    send.phone_number_id = row.text("phone_number_id");
    send.conversation = row.id<ConversationId>("conversation_id");
    send.contact = row.id<ContactId>("contact_id");
    send.attempt = static_cast<int>(row.number("attempt"));
    send.claim_epoch = row.number("claim_epoch");
    send.window_until = row.time("window_until");
    send.sealed_recipient = row.bytes("recipient");
    send.sealed_body = row.bytes("body");
    return send;
}

}  // namespace

Result<std::vector<ClaimedSend>> SendStore::claim(
    postgres::Transaction& transaction, const std::string& instance, std::span<const Share> shares
) {
    auto params = Params().add_columns(
        shares,
        [](const Share& share) { return share.number.tenant; },
        [](const Share& share) -> std::string_view { return share.number.phone_number_id; },
        &Share::most
    );
    TECNOCHAT_TRY(const auto rows, transaction.execute(kClaim, params.add(instance)));
    std::vector<ClaimedSend> claimed;
    for (const auto row : rows) claimed.push_back(to_claimed(row));
    return claimed;
}

Status SendStore::release(postgres::Transaction& transaction, std::span<const Release> releases) {
    transaction.send(
        kRelease,
        Params().add_columns(
            releases,
            [](const Release& r) { return r.send->tenant; },
            [](const Release& r) { return r.send->id; },
            [](const Release& r) { return r.send->claim_epoch; },
            [](const Release& r) { return r.pause.count(); }
        )
    );
    return ok();
}

Result<std::vector<SendChange>> SendStore::enter_wire(
    postgres::Transaction& transaction, std::span<const ClaimedSend> sends
) {
    transaction.send(kLockChannels, Params().add_columns(sends, &ClaimedSend::phone_number_id));
    TECNOCHAT_TRY(
        const auto rows,
        transaction.execute(
            kEnterWire,
            keys_of(sends).add_columns(
                sends,
                &ClaimedSend::claim_epoch,
                &ClaimedSend::phone_number_id,
                &ClaimedSend::window_until,
                [](const ClaimedSend& send) { return to_string(send.content); }
            )
        )
    );
    return to_known_changes(rows);
}

Result<std::vector<SendChange>> SendStore::record(
    postgres::Transaction& transaction, std::span<const Answered> answers
) {
    const auto tenant = [](const Answered& a) { return a.send->tenant; };
    const auto id = [](const Answered& a) { return a.send->id; };
    const auto wamid = [](const Answered& a) -> std::string_view { return a.after.wamid; };
    TECNOCHAT_TRY(
        const auto rows,
        transaction.execute(
            kRecord,
            Params().add_columns(
                answers,
                tenant,
                id,
                [](const Answered& a) { return a.send->claim_epoch; },
                [](const Answered& a) { return to_string(a.after.state); },
                wamid,
                [](const Answered& a) { return a.after.error_code; },
                [](const Answered& a) { return static_cast<int>(a.after.failure); },
                [](const Answered& a) { return a.after.retry_in.count(); }
            )
        )
    );
    if (rows.size() < static_cast<int>(answers.size()))
        transaction.send(kFillWamid, Params().add_columns(answers, tenant, id, wamid));
    return to_changes(rows);
}

namespace {

/// What the echoes of one batch make of a send.
struct Echoed {
    TenantId tenant;
    MessageId id;
    SendState before = SendState::kQueued;
    SendState state = SendState::kQueued;
    std::string wamid{};
    int error_code = 0;
};

}  // namespace

Result<std::vector<SendChange>> SendStore::apply_echoes(
    postgres::Transaction& transaction, std::span<const Echo> echoes
) {
    TECNOCHAT_TRY(
        const auto locked,
        transaction.execute(
            kLockForEcho,
            keys_of(echoes).add_columns(
                echoes, [](const Echo& echo) { return echo.kind == EchoKind::kFailed; }
            )
        )
    );
    if (locked.empty()) return std::vector<SendChange>{};
    std::vector<Echoed> found;
    std::unordered_map<MessageId, std::size_t> places;
    for (const auto row : locked) {
        Echoed send{row.id<TenantId>("tenant_id"), row.id<MessageId>("id")};
        TECNOCHAT_TRY(send.before, row.word("state", parse_send_state));
        send.state = send.before;
        places.emplace(send.id, found.size());
        found.push_back(std::move(send));
    }
    for (const auto& echo : echoes) {
        const auto place = places.find(echo.id);
        if (place == places.end()) continue;
        auto& send = found[place->second];
        const auto state = after_echo(send.state, echo.kind);
        if (!state) continue;
        send.state = *state;
        send.wamid = echo.wamid;
        send.error_code = echo.error_code;
    }
    std::erase_if(found, [](const Echoed& send) { return send.state == send.before; });
    if (found.empty()) return std::vector<SendChange>{};
    TECNOCHAT_TRY(
        const auto rows,
        transaction.execute(
            kApplyEcho,
            keys_of(found).add_columns(
                found,
                [](const Echoed& send) { return to_string(send.state); },
                &Echoed::wamid,
                &Echoed::error_code
            )
        )
    );
    return to_changes(rows);
}

Status SendStore::advance_watermarks(
    postgres::Transaction& transaction, std::span<const Watermark> watermarks
) {
    transaction.send(
        kAdvanceWatermarks,
        Params().add_columns(
            watermarks, &Watermark::tenant, &Watermark::phone_number_id, &Watermark::latest
        )
    );
    return ok();
}

Result<std::vector<SendChange>> SendStore::recover(
    postgres::Transaction& transaction,
    const std::string& instance,
    bool just_started,
    Milliseconds lease
) {
    const auto params = [&] {
        return Params()
            .add(instance)
            .add(just_started)
            .add(static_cast<std::int64_t>(lease.count()));
    };
    transaction.send(kRequeueClaims, params());
    TECNOCHAT_TRY(const auto rows, transaction.execute(kDoubtWires, params()));
    return to_known_changes(rows);
}

Result<std::vector<SendChange>> SendStore::expire_doubts(
    postgres::Transaction& transaction, Timestamp now, Milliseconds patience
) {
    TECNOCHAT_TRY(const auto rows, transaction.execute(kDoubts));
    struct Key {
        TenantId tenant;
        MessageId id;
    };
    std::vector<Key> expired;
    for (const auto row : rows) {
        if (doubt_expired(row.time("wire_at"), row.time_or_null("latest"), now, patience))
            expired.push_back({row.id<TenantId>("tenant_id"), row.id<MessageId>("id")});
    }
    if (expired.empty()) return std::vector<SendChange>{};
    TECNOCHAT_TRY(const auto changed, transaction.execute(kGiveUp, keys_of(expired)));
    return to_known_changes(changed);
}

Result<std::vector<SendChange>> SendStore::settle_silent(
    postgres::Transaction& transaction, Timestamp accepted_before
) {
    TECNOCHAT_TRY(
        const auto rows, transaction.execute(kSettleSilent, Params().add(accepted_before))
    );
    return to_known_changes(rows);
}

Result<std::int64_t> SendStore::forget(
    postgres::Transaction& transaction, Timestamp older_than, int limit
) {
    TECNOCHAT_TRY(
        const auto rows, transaction.execute(kForget, Params().add(older_than).add(limit))
    );
    return rows.affected();
}

}  // namespace tecnochat::whatsapp_connector
