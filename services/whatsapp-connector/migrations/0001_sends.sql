-- Outbound sends and the authority to send. Tables belong to the owner role; the service's login owns nothing.

-- The authority: every send locks its row on entering `wire`. Outside row-level security, because it is what tells which tenants exist.
-- phone_number_id is unique at Meta (reviewed global key).
CREATE TABLE channels (
    phone_number_id      text PRIMARY KEY,
    tenant_id            uuid NOT NULL,
    waba_id              text NOT NULL,
    display_phone_number text NOT NULL,
    state                text NOT NULL CHECK (state IN ('connected', 'disconnected', 'suspended')),
    epoch                bigint NOT NULL CHECK (epoch > 0),
    updated_at           timestamptz NOT NULL DEFAULT now()
);

-- The latest status time seen per number; apart from channels, whose rows the senders lock.
CREATE TABLE status_watermarks (
    tenant_id       uuid NOT NULL,
    phone_number_id text NOT NULL,
    latest          timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, phone_number_id)
);

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
    PRIMARY KEY (tenant_id, id)
);
-- What still stands in the way of a conversation's next send.
CREATE INDEX sends_outstanding ON sends (tenant_id, conversation_id, sequence) WHERE state IN ('queued', 'claimed', 'wire', 'in_doubt');
CREATE INDEX sends_ready ON sends (sequence) WHERE state = 'queued';
CREATE INDEX sends_unsettled ON sends (state, wire_at) WHERE state IN ('claimed', 'wire', 'in_doubt');

CREATE TABLE outbox (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id  uuid NOT NULL,
    order_key  uuid NOT NULL,
    topic      text NOT NULL,
    key        text NOT NULL,
    value      bytea NOT NULL,
    headers    jsonb NOT NULL,
    direct     boolean NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX outbox_by_order_key ON outbox (order_key, id);
-- Rows live for milliseconds: without this the table would be mostly dead rows.
ALTER TABLE outbox SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);

-- The tenants of the transaction, none if it names none; why in these words: docs/adr/0006.
DO $$
DECLARE
    tenant_table text;
    visible constant text :=
        $policy$tenant_id IN (SELECT unnest(nullif(current_setting('app.tenants', true), '')::uuid[]))$policy$;
BEGIN
    FOREACH tenant_table IN ARRAY ARRAY['status_watermarks', 'sends', 'outbox'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', tenant_table);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', tenant_table);
        EXECUTE format('CREATE POLICY tenants ON %I USING (%s) WITH CHECK (%s)', tenant_table, visible, visible);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO "whatsapp-connector"', tenant_table);
    END LOOP;
END $$;
GRANT SELECT, INSERT, UPDATE ON channels TO "whatsapp-connector";
