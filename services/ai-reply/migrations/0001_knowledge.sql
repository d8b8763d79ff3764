-- What each business told us about itself. Run as the owner, ai_reply_owner; the service logs in as "ai-reply", owns
-- nothing and has no BYPASSRLS. It is the business' own text, not its customers': stored as it is.

CREATE TABLE knowledge_items (
    tenant_id  uuid        NOT NULL,
    id         uuid        NOT NULL,
    kind       text        NOT NULL CHECK (kind IN ('faq', 'hours', 'product', 'service', 'policy', 'other')),
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

-- One statement sees the rows of the tenants it was told, and of no others; told nothing, none. Why in these words:
-- docs/adr/0006.
ALTER TABLE knowledge_items ENABLE ROW LEVEL SECURITY;
ALTER TABLE knowledge_items FORCE ROW LEVEL SECURITY;
CREATE POLICY tenants ON knowledge_items
    USING (tenant_id IN (SELECT unnest(nullif(current_setting('app.tenants', true), '')::uuid[])));

ALTER TABLE tenant_knowledge ENABLE ROW LEVEL SECURITY;
ALTER TABLE tenant_knowledge FORCE ROW LEVEL SECURITY;
CREATE POLICY tenants ON tenant_knowledge
    USING (tenant_id IN (SELECT unnest(nullif(current_setting('app.tenants', true), '')::uuid[])));

GRANT SELECT, INSERT, UPDATE, DELETE ON knowledge_items TO "ai-reply";
GRANT SELECT, INSERT, UPDATE ON tenant_knowledge TO "ai-reply";
