-- Events seen, for 14 days (tecnochat/postgres/inbox.hpp). Needs the policy, and SELECT, INSERT, DELETE for the service.
CREATE TABLE inbox (
    tenant_id   uuid        NOT NULL,
    consumer    text        NOT NULL,
    event_id    text        NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, consumer, event_id)
);
CREATE INDEX inbox_received_at ON inbox (received_at);
