-- include: pipeline_policy
-- include: outbox
CREATE TABLE echoes (tenant_id uuid NOT NULL, id uuid NOT NULL, text text NOT NULL, PRIMARY KEY (tenant_id, id));
CREATE TABLE speakers (tenant_id uuid PRIMARY KEY);
SELECT pg_temp.pipeline_policy('echoes', 'outbox');
GRANT SELECT, INSERT ON echoes, speakers TO "echo-service";
GRANT SELECT, INSERT, DELETE ON outbox TO "echo-service";
