-- Outbound sends and the authority to send. Tables belong to the owner role; the service's login owns nothing.

-- The authority: every send locks its row on entering `wire`. Outside row-level security, because it is what tells which
-- tenants exist. phone_number_id is unique at Meta (reviewed global key).
-- include: channels
ALTER TABLE channels ADD CONSTRAINT channels_epoch_positive CHECK (epoch > 0);

-- The latest status time seen per number; apart from channels, whose rows the senders lock.
CREATE TABLE status_watermarks (
    tenant_id       uuid NOT NULL,
    phone_number_id text NOT NULL,
    latest          timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, phone_number_id)
);

-- The way to the wire (queued -> claimed -> wire) must stay heap-only (HOT): no index may name a column that it changes,
-- neither as a key nor in its predicate. So the indexes name the generated columns below, never state or wire_at, and
-- pages keep room for the new versions.
CREATE TABLE sends (
    tenant_id       uuid NOT NULL,
    id              uuid NOT NULL,          -- the router's message id
    sequence        bigint GENERATED ALWAYS AS IDENTITY,  -- arrival order
    phone_number_id text NOT NULL,
    conversation_id uuid NOT NULL,
    contact_id      uuid NOT NULL,
    recipient       bytea NOT NULL,         -- sealed: {"phone":…} or {"user_id":…}
    body            bytea NOT NULL,         -- sealed
    window_until    timestamptz NOT NULL,
    state           text NOT NULL DEFAULT 'queued'
                    CHECK (state IN ('queued', 'claimed', 'wire', 'accepted', 'in_doubt', 'sent', 'failed', 'unknown')),
    attempt         integer NOT NULL DEFAULT 1,
    claim_epoch     bigint NOT NULL DEFAULT 0,
    claimed_by      text,
    claimed_at      timestamptz,
    wire_at         timestamptz,
    next_attempt_at timestamptz NOT NULL DEFAULT now(),
    wamid           text,
    error_code      integer NOT NULL DEFAULT 0,
    failure         integer NOT NULL DEFAULT 0,  -- tecnochat.whatsapp.v1.SendFailure
    -- The W3C trace context the command came with: its whatsapp.sent events, often written by another thread or after a
    -- restart, go on with that trace. Empty where it had none.
    traceparent     text NOT NULL DEFAULT '',
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    -- Stands in the way of its conversation's next send.
    open            boolean NOT NULL GENERATED ALWAYS AS (state IN ('queued', 'claimed', 'wire', 'in_doubt')) STORED,
    -- Accepted, and no status has told of it yet.
    awaits_status   boolean NOT NULL GENERATED ALWAYS AS (state = 'accepted') STORED,
    -- wire_at once the send is not open any more.
    closed_wire_at  timestamptz
                    GENERATED ALWAYS AS (CASE WHEN state NOT IN ('queued', 'claimed', 'wire', 'in_doubt') THEN wire_at END) STORED,
    PRIMARY KEY (tenant_id, id),
    -- Content stays no longer than it may be posted. Of the two kinds of in_doubt one keeps it (store/send_store.cpp).
    CONSTRAINT sends_content_blanked CHECK (open OR (recipient = '' AND body = ''))
) WITH (fillfactor = 70);
CREATE INDEX sends_outstanding ON sends (tenant_id, conversation_id, sequence) WHERE open;
-- For claims, oldest first, and for maintenance of what is claimed, on the wire or in doubt.
CREATE INDEX sends_open ON sends (sequence) WHERE open;
-- What waits for a status, and what is old enough to be forgotten.
CREATE INDEX sends_closed ON sends (awaits_status, closed_wire_at) WHERE NOT open;

-- include: outbox

-- include: pipeline_policy
SELECT pg_temp.pipeline_policy('status_watermarks', 'sends', 'outbox');
GRANT SELECT, INSERT, UPDATE ON channels TO "whatsapp-connector";
GRANT SELECT, INSERT, UPDATE, DELETE ON status_watermarks, sends, outbox TO "whatsapp-connector";
