-- How much of what a tenant may have each policy takes up.
ALTER TABLE policies ADD COLUMN patterns INTEGER NOT NULL DEFAULT 0;
ALTER TABLE policies ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;

UPDATE policies
SET patterns = CASE WHEN json_valid(configuration) THEN coalesce(json_array_length(configuration, '$.patterns'), 0) ELSE 0 END,
    bytes = octet_length(configuration);

-- Adding it up reads no configuration.
CREATE INDEX usage_of_policies ON policies (tenant_id, patterns, bytes);
