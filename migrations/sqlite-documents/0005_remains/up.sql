-- Whether rows were deleted since what such rows leave in the file was overwritten last, and up to which change that was done. Of what is
-- from before nothing is known.
ALTER TABLE totals ADD COLUMN has_remains INTEGER NOT NULL DEFAULT 1 CHECK (has_remains IN (0, 1));
ALTER TABLE totals ADD COLUMN overwritten INTEGER NOT NULL DEFAULT 0;
