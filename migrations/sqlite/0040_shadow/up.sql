-- Whether a policy decides on queries, or is tried on them in shadow; what there is decides. What a policy demands stays the last column,
-- for it may be large, and is read only where it is asked for. One that is not written is of no type's form, and lets nobody in.
ALTER TABLE policies ADD COLUMN enforcement TEXT NOT NULL DEFAULT 'enforce' CHECK (enforcement IN ('enforce', 'shadow'));
ALTER TABLE policies ADD COLUMN moved TEXT NOT NULL DEFAULT '';
UPDATE policies SET moved = configuration;
ALTER TABLE policies DROP COLUMN configuration;
ALTER TABLE policies RENAME COLUMN moved TO configuration;

-- So it was from each of its changes on.
ALTER TABLE policy_revisions ADD COLUMN enforcement TEXT NOT NULL DEFAULT 'enforce' CHECK (enforcement IN ('enforce', 'shadow'));
ALTER TABLE policy_revisions ADD COLUMN moved TEXT NOT NULL DEFAULT '';
UPDATE policy_revisions SET moved = configuration;
ALTER TABLE policy_revisions DROP COLUMN configuration;
ALTER TABLE policy_revisions RENAME COLUMN moved TO configuration;
