-- How a dataset is searched, and the encoder of its vectors, which only a search by meaning needs.
ALTER TABLE datasets ADD COLUMN search TEXT NOT NULL DEFAULT 'words';
ALTER TABLE datasets ADD COLUMN encoder TEXT;
