-- The numbers that no change has. Each run of the server that changes these documents begins at a number drawn at random, so that a
-- number tells of which documents it is.
CREATE TABLE gaps (
    -- The first change behind it, and the last one before it: 0 where there was none.
    next_change INTEGER NOT NULL PRIMARY KEY,
    last_change INTEGER NOT NULL CHECK (last_change < next_change)
) STRICT;

-- Which run made the last change, by a number of its own.
ALTER TABLE totals ADD COLUMN run INTEGER NOT NULL DEFAULT 0;
