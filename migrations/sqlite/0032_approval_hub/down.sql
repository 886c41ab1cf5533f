ALTER TABLE approval_questions DROP COLUMN hub_id;
