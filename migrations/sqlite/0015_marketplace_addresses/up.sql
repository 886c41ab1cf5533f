-- A hub knows one address per account. The one that it was told by this space tells a move of the space from somebody
-- else's.
ALTER TABLE marketplaces ADD COLUMN told_url TEXT;
