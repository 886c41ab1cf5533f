-- Which endpoint of another space is asked in place of a dataset, where, and as which account: JSON.
ALTER TABLE datasets ADD COLUMN remote TEXT CHECK (remote IS NULL OR json_valid(remote) AND vector_database IS NULL);
