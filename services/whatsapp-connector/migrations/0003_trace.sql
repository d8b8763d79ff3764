-- The W3C trace context a send came with: its whatsapp.sent events, often written by another thread or after a restart, go
-- on with that trace. Empty where the command had none.
ALTER TABLE sends ADD COLUMN traceparent text NOT NULL DEFAULT '';
