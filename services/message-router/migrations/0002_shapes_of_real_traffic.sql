-- What real traffic brings beside plain texts (2026-11). Added to, never changed: rows from before keep their meaning.

ALTER TABLE messages
    ADD COLUMN tapped  bytea,                      -- sealed: a tap's id or payload; its words are the body
    ADD COLUMN caption bytea;                      -- sealed: what the customer wrote under media; the body is the slice
