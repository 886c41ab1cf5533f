ALTER TABLE marketplaces DROP COLUMN told_url;
