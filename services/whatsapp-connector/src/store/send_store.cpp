#include "store/send_store.hpp"

#include <nlohmann/json.hpp>
#include <unordered_map>

#include "tecnochat/telemetry/log.hpp"

namespace tecnochat::whatsapp_connector {
namespace {

using nlohmann::json;
using postgres::Params;

constexpr std::string_view kInsert = R"sql(
    INSERT INTO sends (tenant_id, id, phone_number_id, conversation_id, contact_id, recipient, body,
        window_until, traceparent)
    SELECT t, i, p, c, k, r, b, w, x
    FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::uuid[], $5::uuid[], $6::bytea[],
        $7::bytea[], $8::timestamptz[], $9::text[])
        WITH ORDINALITY AS s(t, i, p, c, k, r, b, w, x, place)
    ORDER BY place
    ON CONFLICT (tenant_id, id) DO NOTHING)sql";

// OFFSET 0 keeps the question about one conversation a lookup for each row. As a join it was
// planned from statistics of an empty queue, and read all that is outstanding for each row: in a
// backlog of 500 sends 20 ms instead of 1.
constexpr std::string_view kClaim = R"sql(
    WITH ready AS (
    SELECT s.tenant_id, s.id
    FROM sends s
    WHERE s.state = 'queued'
    AND s.next_attempt_at <= now()
    AND NOT EXISTS (SELECT 1
    FROM sends o
    WHERE o.tenant_id = s.tenant_id
    AND o.conversation_id = s.conversation_id
    AND o.state IN ('queued', 'claimed', 'wire', 'in_doubt')
    AND (o.sequence < s.sequence OR o.state <> 'queued') OFFSET 0)
    ORDER BY s.sequence LIMIT $1 FOR UPDATE OF s SKIP LOCKED)
    UPDATE sends s
    SET state = 'claimed', claim_epoch = s.claim_epoch + 1, claimed_by = $2, claimed_at = now(),
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
    "coalesce(s.wamid, ''), s.error_code, s.failure, s.traceparent"

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
    WHERE s.state = 'claimed'
    AND ((s.claimed_by = $1
    AND $2) OR s.claimed_at < now() - make_interval(secs => $3 / 1000.0)))sql";
// Unlike a doubt that an answer leaves, this one keeps the content: the worker may still live, and
// its answer say that nothing went out.
constexpr std::string_view kDoubtWires = R"sql(
    UPDATE sends s
    SET state = 'in_doubt', updated_at = now()
    WHERE s.state = 'wire'
    AND ((s.claimed_by = $1
    AND $2) OR s.wire_at < now() - make_interval(secs => $3 / 1000.0))
    RETURNING )sql" SEND_CHANGE_COLUMNS;

constexpr std::string_view kDoubts = R"sql(
    SELECT s.tenant_id, s.id, s.wire_at, w.latest
    FROM sends s
    LEFT JOIN status_watermarks w ON w.tenant_id = s.tenant_id
    AND w.phone_number_id = s.phone_number_id
    WHERE s.state = 'in_doubt'
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
    WHERE state = 'accepted'
    AND wire_at <= $1
    ORDER BY wire_at LIMIT 1000 FOR UPDATE SKIP LOCKED)
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
    WHERE state IN ('sent', 'failed', 'unknown')
    AND wire_at < $1
    ORDER BY wire_at LIMIT $2 FOR UPDATE SKIP LOCKED)))sql";

SendChange to_change(const postgres::Row& row) {
    const auto state = parse_send_state(row.text(4));
    TECNOCHAT_ASSERT(state.has_value(), "the table's CHECK lists the states");
    return {
        TenantId(row.uuid(0)),
        MessageId(row.uuid(1)),
        row.text(2),
        ConversationId(row.uuid(3)),
        *state,
        static_cast<int>(row.number(5)),
        row.text(6),
        static_cast<int>(row.number(7)),
        static_cast<Failure>(row.number(8)),
        row.text(9)
    };
}

std::vector<SendChange> to_changes(const postgres::Rows& rows) {
    std::vector<SendChange> changes;
    changes.reserve(static_cast<std::size_t>(rows.size()));
    for (const auto row : rows) changes.push_back(to_change(row));
    return changes;
}

/// The columns (tenant, id) of a bulk statement.
struct Keys {
    std::vector<Uuid> tenants;
    std::vector<Uuid> ids;
    void add(const TenantId& tenant, const MessageId& id) {
        tenants.push_back(tenant.uuid());
        ids.push_back(id.uuid());
    }
    void add_to(Params& params) const { params.add_array(tenants).add_array(ids); }
};

std::string to_json(const Recipient& recipient) {
    json value = json::object();
    if (!recipient.phone.empty()) value["phone"] = recipient.phone;
    if (!recipient.user_id.empty()) value["user_id"] = recipient.user_id;
    return value.dump();
}

Result<Recipient> to_recipient(const std::string& text) {
    const json value = json::parse(text, nullptr, false);
    const auto member = [&](const char* name) {
        const auto found = value.is_object() ? value.find(name) : value.end();
        return found != value.end() && found->is_string() ? found->get<std::string>() : "";
    };
    Recipient recipient{member("phone"), member("user_id")};
    if (recipient.phone.empty() && recipient.user_id.empty())
        return make_error(ErrorCode::kDataLoss, "no recipient", "NO_RECIPIENT");
    return recipient;
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

Content content_after(const Error& error, const ClaimedSend& send) {
    // Failing it would erase the content for good: only where the content itself is to blame.
    if (!is_items_fault(error)) {
        telemetry::log_limited(
            telemetry::Level::kWarning,
            "the content of sends cannot be opened yet",
            {{"code", to_string(error.code)}, {"reason", error.reason}}
        );
        return Content::kNotYet;
    }
    telemetry::log_error(
        "the content of a send does not open",
        {{"tenant_id", send.tenant.to_string()},
         {"send_id", send.id.to_string()},
         {"code", to_string(error.code)},
         {"reason", error.reason}}
    );
    return Content::kUnreadable;
}

}  // namespace

Status SendStore::insert(postgres::Transaction& transaction, std::span<const NewSend> sends) {
    Keys keys;
    std::vector<std::string> numbers, recipients, bodies, traceparents;
    std::vector<Uuid> conversations, contacts;
    std::vector<Timestamp> windows;
    for (const auto& send : sends) {
        const crypto::ContentOwner owner{send.tenant, send.contact};
        TECNOCHAT_TRY(auto recipient, sealer_.seal(owner, to_json(send.recipient)));
        TECNOCHAT_TRY(auto body, sealer_.seal(owner, send.body));
        keys.add(send.tenant, send.id);
        numbers.push_back(send.phone_number_id);
        conversations.push_back(send.conversation.uuid());
        contacts.push_back(send.contact.uuid());
        recipients.push_back(std::move(recipient));
        bodies.push_back(std::move(body));
        windows.push_back(send.window_until);
        traceparents.push_back(send.traceparent);
    }
    Params params;
    keys.add_to(params);
    params.add_array(numbers)
        .add_array(conversations)
        .add_array(contacts)
        .add_bytes_array(recipients)
        .add_bytes_array(bodies)
        .add_array(windows)
        .add_array(traceparents);
    TECNOCHAT_CHECK(transaction.execute(kInsert, params));
    return ok();
}

ClaimedSend SendStore::to_claimed(const postgres::Row& row) {
    ClaimedSend send{
        TenantId(row.uuid(0)),
        MessageId(row.uuid(1)),
        row.text(2),
        ConversationId(row.uuid(3)),
        ContactId(row.uuid(4)),
        {},
        {},
        static_cast<int>(row.number(7)),
        row.number(8),
        row.time(9)
    };
    if (const Status opened = open(send, row.bytes(5), row.bytes(6)); !opened)
        send.content = content_after(opened.error(), send);
    return send;
}

Status SendStore::open(ClaimedSend& send, std::string_view recipient, std::string_view body) {
    const crypto::ContentOwner owner{send.tenant, send.contact};
    TECNOCHAT_TRY(const auto opened, sealer_.open(owner, recipient));
    TECNOCHAT_TRY(send.recipient, to_recipient(opened));
    TECNOCHAT_TRY(send.body, sealer_.open(owner, body));
    return ok();
}

Result<std::vector<ClaimedSend>> SendStore::claim(
    postgres::Transaction& transaction, const std::string& instance, int limit
) {
    TECNOCHAT_TRY(const auto rows, transaction.execute(kClaim, Params().add(limit).add(instance)));
    std::vector<ClaimedSend> claimed;
    for (const auto row : rows) claimed.push_back(to_claimed(row));
    return claimed;
}

Status SendStore::release(postgres::Transaction& transaction, std::span<const Release> releases) {
    Keys keys;
    std::vector<std::int64_t> epochs, pauses;
    for (const auto& release : releases) {
        keys.add(release.send->tenant, release.send->id);
        epochs.push_back(release.send->claim_epoch);
        pauses.push_back(release.pause.count());
    }
    Params params;
    keys.add_to(params);
    params.add_array(epochs).add_array(pauses);
    TECNOCHAT_CHECK(transaction.execute(kRelease, params));
    return ok();
}

Result<std::vector<SendChange>> SendStore::enter_wire(
    postgres::Transaction& transaction, std::span<const ClaimedSend> sends
) {
    Keys keys;
    std::vector<std::string> numbers, contents;
    std::vector<std::int64_t> epochs;
    std::vector<Timestamp> windows;
    for (const auto& send : sends) {
        keys.add(send.tenant, send.id);
        numbers.push_back(send.phone_number_id);
        epochs.push_back(send.claim_epoch);
        windows.push_back(send.window_until);
        contents.emplace_back(to_string(send.content));
    }
    TECNOCHAT_CHECK(transaction.execute(kLockChannels, Params().add_array(numbers)));
    Params params;
    keys.add_to(params);
    params.add_array(epochs).add_array(numbers).add_array(windows).add_array(contents);
    TECNOCHAT_TRY(const auto rows, transaction.execute(kEnterWire, params));
    return to_changes(rows);
}

Result<std::vector<SendChange>> SendStore::record(
    postgres::Transaction& transaction, std::span<const Answered> answers
) {
    Keys keys;
    std::vector<std::int64_t> epochs, errors, failures, pauses;
    std::vector<std::string> states, wamids;
    for (const auto& [send, after] : answers) {
        keys.add(send->tenant, send->id);
        epochs.push_back(send->claim_epoch);
        states.emplace_back(to_string(after.state));
        wamids.push_back(after.wamid);
        errors.push_back(after.error_code);
        failures.push_back(static_cast<std::int64_t>(after.failure));
        pauses.push_back(after.retry_in.count());
    }
    Params params;
    keys.add_to(params);
    params.add_array(epochs)
        .add_array(states)
        .add_array(wamids)
        .add_array(errors)
        .add_array(failures)
        .add_array(pauses);
    TECNOCHAT_TRY(const auto rows, transaction.execute(kRecord, params));
    if (rows.size() < static_cast<int>(answers.size())) {
        Params fill;
        keys.add_to(fill);
        fill.add_array(wamids);
        TECNOCHAT_CHECK(transaction.execute(kFillWamid, fill));
    }
    return to_changes(rows);
}

Result<std::vector<SendChange>> SendStore::apply_echoes(
    postgres::Transaction& transaction, std::span<const Echo> echoes
) {
    Keys keys;
    std::vector<bool> failed;
    for (const auto& echo : echoes) {
        keys.add(echo.tenant, echo.id);
        failed.push_back(echo.kind == EchoKind::kFailed);
    }
    Params params;
    keys.add_to(params);
    params.add_array(failed);
    TECNOCHAT_TRY(const auto locked, transaction.execute(kLockForEcho, params));
    if (locked.empty()) return std::vector<SendChange>{};

    struct Next {
        SendState before;
        SendState state;
        std::string wamid;
        int error_code = 0;
    };
    std::unordered_map<MessageId, Next> next;
    for (const auto row : locked) {
        const auto state = parse_send_state(row.text(2));
        TECNOCHAT_ASSERT(state.has_value(), "the table's CHECK lists the states");
        next.insert_or_assign(MessageId(row.uuid(1)), Next{*state, *state, {}});
    }
    for (const auto& echo : echoes) {
        const auto it = next.find(echo.id);
        if (it == next.end()) continue;
        const auto state = after_echo(it->second.state, echo.kind);
        if (!state) continue;
        it->second.state = *state;
        it->second.wamid = echo.wamid;
        it->second.error_code = echo.error_code;
    }
    Keys changed;
    std::vector<std::string> states, wamids;
    std::vector<std::int64_t> errors;
    for (const auto row : locked) {
        const auto& found = next.at(MessageId(row.uuid(1)));
        if (found.state == found.before) continue;
        changed.add(TenantId(row.uuid(0)), MessageId(row.uuid(1)));
        states.emplace_back(to_string(found.state));
        wamids.push_back(found.wamid);
        errors.push_back(found.error_code);
    }
    if (changed.ids.empty()) return std::vector<SendChange>{};
    Params apply;
    changed.add_to(apply);
    apply.add_array(states).add_array(wamids).add_array(errors);
    TECNOCHAT_TRY(const auto rows, transaction.execute(kApplyEcho, apply));
    return to_changes(rows);
}

Status SendStore::advance_watermarks(
    postgres::Transaction& transaction, std::span<const Watermark> watermarks
) {
    std::vector<Uuid> tenants;
    std::vector<std::string> numbers;
    std::vector<Timestamp> latest;
    for (const auto& watermark : watermarks) {
        tenants.push_back(watermark.tenant.uuid());
        numbers.push_back(watermark.phone_number_id);
        latest.push_back(watermark.latest);
    }
    TECNOCHAT_CHECK(transaction.execute(
        kAdvanceWatermarks, Params().add_array(tenants).add_array(numbers).add_array(latest)
    ));
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
    TECNOCHAT_CHECK(transaction.execute(kRequeueClaims, params()));
    TECNOCHAT_TRY(const auto rows, transaction.execute(kDoubtWires, params()));
    return to_changes(rows);
}

Result<std::vector<SendChange>> SendStore::expire_doubts(
    postgres::Transaction& transaction, Timestamp now, Milliseconds patience
) {
    TECNOCHAT_TRY(const auto rows, transaction.execute(kDoubts));
    Keys expired;
    for (const auto row : rows) {
        if (doubt_expired(row.time(2), row.time_or_null(3), now, patience))
            expired.add(TenantId(row.uuid(0)), MessageId(row.uuid(1)));
    }
    if (expired.ids.empty()) return std::vector<SendChange>{};
    Params params;
    expired.add_to(params);
    TECNOCHAT_TRY(const auto changed, transaction.execute(kGiveUp, params));
    return to_changes(changed);
}

Result<std::vector<SendChange>> SendStore::settle_silent(
    postgres::Transaction& transaction, Timestamp accepted_before
) {
    TECNOCHAT_TRY(
        const auto rows, transaction.execute(kSettleSilent, Params().add(accepted_before))
    );
    return to_changes(rows);
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
