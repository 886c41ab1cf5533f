-- Whoever loses the right to invite takes their invitations along, and nobody waits for those of all others to be read. The
-- tenant is in the index as part of the key; named as a column it would keep SQLite from deleting by this index.
CREATE INDEX invitations_of_inviter ON invitations (invited_by);
