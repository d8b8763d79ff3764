-- What real traffic brings beside plain texts (2026-11). Added to, never changed: rows from before keep their meaning.

ALTER TABLE messages
    ADD COLUMN tapped  bytea,                      -- sealed: a tap's id or payload; its words are the body
    ADD COLUMN caption bytea;                      -- sealed: what the customer wrote under media; the body is the slice

-- Messages that belong to no private conversation (a group's, the number's own, a notice about a stranger): as they
-- came, in nobody's history, for 14 days. Their people are no contacts and have no key: sealed under the service's key
-- of that day.
CREATE TABLE set_aside_messages (
    tenant_id       uuid        NOT NULL,
    id              uuid        NOT NULL,
    phone_number_id text        NOT NULL,
    reason          text        NOT NULL,          -- of its silence: "group", "own_number", "system"
    received_at     timestamptz NOT NULL,
    sealed_day      integer     NOT NULL,          -- days since 1970-01-01, UTC: whose key
    value           bytea       NOT NULL,          -- sealed: the record's
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX set_aside_messages_by_age ON set_aside_messages (received_at);

-- include: pipeline_policy
SELECT pg_temp.pipeline_policy('set_aside_messages');
-- UPDATE for FOR UPDATE alone.
GRANT SELECT, INSERT, UPDATE, DELETE ON set_aside_messages TO "message-router";

-- A person must look at it, and says so by releasing it; whose turn it is does not change.
ALTER TABLE conversations ADD COLUMN needs_attention boolean NOT NULL DEFAULT false;

-- Ids of what customers write and of what we send are different spaces: Meta promises nothing about one beside the other.
ALTER TABLE messages DROP CONSTRAINT messages_tenant_id_wamid_key;
CREATE UNIQUE INDEX messages_by_wamid ON messages (tenant_id, wamid, direction);
