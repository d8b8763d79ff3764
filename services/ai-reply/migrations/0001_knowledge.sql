-- What each business told us about itself. Run as the owner, ai_reply_owner; the service logs in as "ai-reply", owns
-- nothing and has no BYPASSRLS. It is the business' own text, not its customers': stored as it is.
-- include: pipeline_policy

CREATE TABLE knowledge_items (
    tenant_id  uuid        NOT NULL,
    id         uuid        NOT NULL,
    kind       text        NOT NULL,               -- a word of the program's: a newer version may write more of them
    title      text        NOT NULL,
    text       text        NOT NULL,
    version    bigint      NOT NULL,               -- the tenant's version that wrote it
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id)
);

-- Grows with every change of a tenant's items, in the same transaction: an index in memory is good as long as this
-- number is the one it was built from. Its row is also the lock that puts a tenant's writes in order.
CREATE TABLE tenant_knowledge (
    tenant_id uuid   PRIMARY KEY,
    version   bigint NOT NULL
);

SELECT pg_temp.pipeline_policy('knowledge_items', 'tenant_knowledge');
GRANT SELECT, INSERT, UPDATE, DELETE ON knowledge_items TO "ai-reply";
GRANT SELECT, INSERT, UPDATE ON tenant_knowledge TO "ai-reply";
