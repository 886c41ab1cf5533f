-- A version that knows of no shadow would have such a policy decide, and refuse.
ALTER TABLE policy_revisions DROP COLUMN enforcement;
ALTER TABLE policies DROP COLUMN enforcement;
