-- As a hashed subquery, not as `tenant_id = ANY (…)`: that becomes an index condition, and every lookup by key is then one descent
-- for each tenant of the transaction (measured with 16 tenants: 57 index scans per message instead of 14). Claims name all tenants.
DO $$
DECLARE
    tenant_table text;
    visible constant text :=
        $policy$tenant_id IN (SELECT unnest(nullif(current_setting('app.tenants', true), '')::uuid[]))$policy$;
BEGIN
    FOREACH tenant_table IN ARRAY ARRAY['status_watermarks', 'sends', 'outbox'] LOOP
        EXECUTE format('ALTER POLICY tenants ON %I USING (%s) WITH CHECK (%s)', tenant_table, visible, visible);
    END LOOP;
END $$;
