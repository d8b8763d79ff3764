-- SELECT pg_temp.pipeline_policy('table', …): row-level security by the tenants of the transaction, for the owner as
-- well; none is visible if it names none. Why in these words: docs/adr/0006. It is gone with the session.
CREATE OR REPLACE FUNCTION pg_temp.pipeline_policy(VARIADIC tables text[]) RETURNS void LANGUAGE plpgsql AS $function$
DECLARE
    name text;
    visible constant text :=
        $policy$tenant_id IN (SELECT unnest(nullif(current_setting('app.tenants', true), '')::uuid[]))$policy$;
BEGIN
    FOREACH name IN ARRAY tables LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY pipeline ON %I USING (%s) WITH CHECK (%s)', name, visible, visible);
    END LOOP;
END $function$;
