-- Events to publish (libs/outbox). Needs the policy, and SELECT, INSERT, DELETE for the service.
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
-- Without id: a plan of an almost empty table would read all of this index to find rows by their id.
CREATE INDEX outbox_order ON outbox (order_key);
-- For the question, asked twice a second, whether there is any: it must not read the dead rows of a busy hour.
CREATE INDEX outbox_deferred ON outbox (id) WHERE NOT direct;
-- Rows live for milliseconds: without the threshold the table would be mostly dead rows; to cut its end off takes a
-- lock that stops every insert, and the next burst needs the pages again; to compress a large value costs more than
-- it saves.
ALTER TABLE outbox SET (
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_insert_threshold = -1,
    autovacuum_vacuum_cost_delay = 0, vacuum_truncate = off
);
ALTER TABLE outbox ALTER COLUMN value SET STORAGE EXTERNAL;
