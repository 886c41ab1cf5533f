-- Nothing of such a dataset is here but its name.
DELETE FROM endpoints WHERE (tenant_id, dataset_id) IN (SELECT tenant_id, id FROM datasets WHERE remote IS NOT NULL);
DELETE FROM datasets WHERE remote IS NOT NULL;
ALTER TABLE datasets DROP COLUMN remote;
