-- Contacts, conversations, messages and turns of every tenant, the pipeline's inbox and outbox, and the directory of
-- numbers. Run as the owner, message_router_owner; the service logs in as "message-router", owns nothing and has no
-- BYPASSRLS. Keys and foreign keys begin with tenant_id: a key shared by tenants would tell one about the other's rows,
-- and foreign key checks do not look at row-level security.

-- Read-only copy of whatsapp-connector's authority rows, from channel.events. It names the tenant of a number, so it is
-- needed before any tenant is known: the one table without row-level security. Holds no customer's data.
CREATE TABLE channels (
    phone_number_id      text   PRIMARY KEY,
    tenant_id            uuid   NOT NULL,
    waba_id              text   NOT NULL,
    display_phone_number text   NOT NULL,
    state                text   NOT NULL CHECK (state IN ('connected', 'disconnected', 'suspended')),
    epoch                bigint NOT NULL
);

CREATE TABLE contacts (
    tenant_id uuid  NOT NULL,
    id        uuid  NOT NULL,
    user_id   text,                                -- Meta's business-scoped user id
    phone     text,                                -- digits
    name      bytea NOT NULL,                      -- sealed
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, user_id),
    UNIQUE (tenant_id, phone),
    CHECK (user_id IS NOT NULL OR phone IS NOT NULL)
);

CREATE TABLE conversations (
    tenant_id       uuid        NOT NULL,
    id              uuid        NOT NULL,
    phone_number_id text        NOT NULL,
    contact_id      uuid        NOT NULL,
    turn            text        NOT NULL CHECK (turn IN ('ai', 'human')),
    turn_epoch      bigint      NOT NULL CHECK (turn_epoch >= 1),
    next_sequence   bigint      NOT NULL CHECK (next_sequence >= 1),
    last_message_at timestamptz NOT NULL,
    window_until    timestamptz NOT NULL,
    unread          bigint      NOT NULL CHECK (unread >= 0),
    parked          boolean     NOT NULL DEFAULT false,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, contact_id, phone_number_id),
    FOREIGN KEY (tenant_id, contact_id) REFERENCES contacts (tenant_id, id)
);
-- ListConversations: newest activity first.
CREATE INDEX conversations_by_activity ON conversations (tenant_id, last_message_at DESC, id DESC);

CREATE TABLE turns (
    tenant_id       uuid        NOT NULL,
    id              uuid        NOT NULL,
    conversation_id uuid        NOT NULL,
    epoch           bigint      NOT NULL,
    outcome         text        CHECK (outcome IN ('reply', 'handover', 'silence')),
    reason          text,
    opened_at       timestamptz NOT NULL,
    closed_at       timestamptz,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, conversation_id) REFERENCES conversations (tenant_id, id),
    CHECK ((outcome IS NULL) = (closed_at IS NULL)),
    CHECK ((reason IS NOT NULL) = (outcome IS NOT DISTINCT FROM 'silence'))
);
-- A handover closes every other open turn of its conversation.
CREATE INDEX turns_open ON turns (tenant_id, conversation_id) WHERE outcome IS NULL;

CREATE TABLE messages (
    tenant_id       uuid        NOT NULL,
    id              uuid        NOT NULL,
    conversation_id uuid        NOT NULL,
    sequence        bigint      NOT NULL CHECK (sequence >= 1),
    direction       text        NOT NULL CHECK (direction IN ('in', 'out')),
    provenance      text        NOT NULL CHECK (provenance IN
        ('customer', 'customer_in_booking', 'flow', 'ai', 'agent', 'calendar', 'system')),
    type            text        NOT NULL,          -- Meta's type name; "text" for ours
    body            bytea       NOT NULL,          -- sealed: the text, or the JSON slice of other types
    wamid           text,                          -- Meta's message id; for ours once Meta told it
    status          text        NOT NULL CHECK (status IN
        ('received', 'queued', 'sending', 'sent', 'delivered', 'read', 'failed', 'unknown')),
    error_code      integer     NOT NULL DEFAULT 0,
    turn_id         uuid        NOT NULL,
    sources         jsonb,                         -- [{item_id, title, score}], best first
    created_at      timestamptz NOT NULL,          -- inbound: when it reached us
    sent_at         timestamptz,                   -- inbound: Meta's stamp, whole seconds
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, conversation_id, sequence),
    UNIQUE (tenant_id, wamid),
    FOREIGN KEY (tenant_id, conversation_id) REFERENCES conversations (tenant_id, id),
    FOREIGN KEY (tenant_id, turn_id) REFERENCES turns (tenant_id, id),
    CHECK ((direction = 'in') = (status = 'received'))
);
-- What an outbound message answers.
CREATE INDEX messages_in_by_turn ON messages (tenant_id, turn_id) WHERE direction = 'in';
-- "One turn causes at most one outbound message", whatever the code does.
CREATE UNIQUE INDEX messages_out_by_turn ON messages (tenant_id, turn_id) WHERE direction = 'out';

-- Events seen, for 14 days, and events to publish, as libs/postgres and libs/outbox want them.
CREATE TABLE inbox (
    tenant_id   uuid        NOT NULL,
    consumer    text        NOT NULL,
    event_id    text        NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, consumer, event_id)
);
CREATE INDEX inbox_received_at ON inbox (received_at);

CREATE TABLE outbox (
    id         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id  uuid        NOT NULL,
    order_key  uuid        NOT NULL,
    topic      text        NOT NULL,
    key        text        NOT NULL,
    value      bytea       NOT NULL,
    headers    jsonb       NOT NULL,           -- [["name", "value"], …]: order and repeats kept
    direct     boolean     NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX outbox_order ON outbox (order_key, id);
-- Rows live for milliseconds: without this the table would be mostly dead rows.
ALTER TABLE outbox SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);

-- The pipeline's policy: the tenants of the transaction, none if it names none; why in these words: docs/adr/0006.
DO $$
DECLARE
    name text;
    visible constant text :=
        $policy$tenant_id IN (SELECT unnest(nullif(current_setting('app.tenants', true), '')::uuid[]))$policy$;
BEGIN
    FOREACH name IN ARRAY ARRAY['contacts', 'conversations', 'turns', 'messages', 'inbox', 'outbox'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY pipeline ON %I USING (%s) WITH CHECK (%s)', name, visible, visible);
    END LOOP;
END $$;

GRANT SELECT, INSERT, UPDATE ON channels, contacts, conversations, turns, messages TO "message-router";
GRANT SELECT, INSERT, UPDATE, DELETE ON inbox, outbox TO "message-router";
