-- Sends are claimed number by number, in turns, instead of oldest first over all of them.

-- Which numbers may have sends that are not settled. Ids only, outside row-level security: it tells a worker which tenants
-- to open, so that no claim and no sweep names all of them. `active` goes back to false some time after the last send.
CREATE TABLE send_queues (
    tenant_id       uuid        NOT NULL,
    phone_number_id text        NOT NULL,
    active          boolean     NOT NULL,
    touched_at      timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, phone_number_id)
);
CREATE INDEX send_queues_active ON send_queues (tenant_id, phone_number_id) WHERE active;
GRANT SELECT, INSERT, UPDATE ON send_queues TO "whatsapp-connector";

-- 0: answers to people; 1: what goes out in bulk, behind them.
ALTER TABLE sends ADD COLUMN lane smallint NOT NULL DEFAULT 0 CHECK (lane IN (0, 1));
CREATE INDEX sends_queue ON sends (tenant_id, phone_number_id, lane, sequence) WHERE open;
DROP INDEX sends_open;

-- The owner too is subject to the policy, and has no tenants here.
ALTER TABLE sends NO FORCE ROW LEVEL SECURITY;
INSERT INTO send_queues SELECT DISTINCT tenant_id, phone_number_id, true, now() FROM sends WHERE open;
ALTER TABLE sends FORCE ROW LEVEL SECURITY;
