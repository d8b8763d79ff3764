-- Read-only copy of whatsapp-connector's authority rows, from channel.events (libs/channels). It names the tenant of a
-- number, so it is needed before any tenant is known: no row-level security. Holds no customer's data. Needs SELECT,
-- INSERT, UPDATE for the service.
CREATE TABLE channels (
    phone_number_id      text        PRIMARY KEY,
    tenant_id            uuid        NOT NULL,
    waba_id              text        NOT NULL,
    display_phone_number text        NOT NULL,
    state                text        NOT NULL,  -- a word of the program's: a newer version may write more of them
    epoch                bigint      NOT NULL,
    changed_at           timestamptz NOT NULL DEFAULT clock_timestamp()  -- each update sets it anew
);
CREATE INDEX channels_changed_at ON channels (changed_at);
