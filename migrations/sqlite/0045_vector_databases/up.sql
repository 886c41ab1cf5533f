-- Where a dataset's vectors lie, where it is not in the space: in which kind of vector database, at which URL, and what it knows the space
-- by, sealed.
ALTER TABLE datasets ADD COLUMN vector_database TEXT;
ALTER TABLE datasets ADD COLUMN vector_url TEXT CHECK ((vector_url IS NULL) = (vector_database IS NULL));
ALTER TABLE datasets ADD COLUMN vector_credential BLOB CHECK (vector_credential IS NULL OR vector_database IS NOT NULL);
