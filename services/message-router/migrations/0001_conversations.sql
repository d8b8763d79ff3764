-- Contacts, conversations, messages and turns of every tenant, the pipeline's inbox and outbox, and the directory of
-- numbers. Run as the owner, message_router_owner; the service logs in as "message-router", owns nothing and has no
-- BYPASSRLS. Keys and foreign keys begin with tenant_id: a key shared by tenants would tell one about the other's rows,
-- and foreign key checks do not look at row-level security.

-- include: pipeline_policy
-- include: channels

CREATE TABLE contacts (
    tenant_id uuid  NOT NULL,
    id        uuid  NOT NULL,
    user_id   text,                                -- Meta's business-scoped user id
    phone     text,                                -- digits
    name      bytea NOT NULL,                      -- sealed
    erased_at timestamptz,                         -- the person's key is destroyed: nothing names them any more
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, user_id),
    UNIQUE (tenant_id, phone),
    CHECK (erased_at IS NOT NULL OR user_id IS NOT NULL OR phone IS NOT NULL),
    CHECK (erased_at IS NULL OR (user_id IS NULL AND phone IS NULL AND name = ''))
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
-- Every message changes its row several times: room for the new versions beside the old ones.
ALTER TABLE conversations SET (fillfactor = 80);
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
    CHECK ((direction = 'in') = (status = 'received'))
);
-- Delivery reports change status, error_code and wamid. Only the first of them, which brings the wamid, changes an index.
ALTER TABLE messages SET (fillfactor = 70);
-- What an outbound message answers.
CREATE INDEX messages_in_by_turn ON messages (tenant_id, turn_id) WHERE direction = 'in';
-- "One turn causes at most one outbound message", whatever the code does.
CREATE UNIQUE INDEX messages_out_by_turn ON messages (tenant_id, turn_id) WHERE direction = 'out';

-- Messages of numbers that no channel event has named yet, as they came, for 15 minutes at most (docs/adr/0009). Their
-- tenant is not known, so there is no row-level security; key and value are sealed under the service's key of that day.
CREATE TABLE waiting_messages (
    id              bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    phone_number_id text        NOT NULL,
    waiting_since   timestamptz NOT NULL,
    sealed_day      integer     NOT NULL,          -- days since 1970-01-01, UTC: whose key
    topic           text        NOT NULL,
    partition       integer     NOT NULL,
    record_offset   bigint      NOT NULL,
    key             bytea       NOT NULL,          -- sealed
    value           bytea       NOT NULL,          -- sealed
    headers         jsonb       NOT NULL,          -- [["name", "value"], …]: order and repeats kept
    recorded_at     timestamptz NOT NULL,
    UNIQUE (topic, partition, record_offset)       -- a record that is read again waits once
);
CREATE INDEX waiting_messages_by_number ON waiting_messages (phone_number_id, id);

-- include: inbox
-- include: outbox

SELECT pg_temp.pipeline_policy('contacts', 'conversations', 'turns', 'messages', 'inbox', 'outbox');

GRANT SELECT, INSERT, UPDATE ON channels, contacts, conversations, turns, messages TO "message-router";
GRANT SELECT, INSERT, DELETE ON inbox, outbox TO "message-router";
-- UPDATE for FOR UPDATE alone: rows are locked in order before they are taken.
GRANT SELECT, INSERT, UPDATE, DELETE ON waiting_messages TO "message-router";
