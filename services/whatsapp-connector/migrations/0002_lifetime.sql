-- Content stays no longer than it may be posted, and settled sends are forgotten: see store/send_store.cpp.

-- The owner obeys the tenants' policy as well, and this is for all of them.
ALTER TABLE sends NO FORCE ROW LEVEL SECURITY;
UPDATE sends SET recipient = '', body = '' WHERE state NOT IN ('queued', 'claimed', 'wire', 'in_doubt');
ALTER TABLE sends FORCE ROW LEVEL SECURITY;
-- Of the two kinds of in_doubt one keeps its content.
ALTER TABLE sends ADD CONSTRAINT sends_content_blanked
    CHECK (state IN ('queued', 'claimed', 'wire', 'in_doubt') OR (recipient = '' AND body = ''));

-- An accepted send waits for a status, not for ever.
DROP INDEX sends_unsettled;
CREATE INDEX sends_unsettled ON sends (state, wire_at) WHERE state IN ('claimed', 'wire', 'accepted', 'in_doubt');
-- What is old enough to be forgotten. wire_at changes only with state, which the other indexes name too: this one takes no update out
-- of the heap-only kind.
CREATE INDEX sends_settled ON sends (wire_at) WHERE state IN ('sent', 'failed', 'unknown');
