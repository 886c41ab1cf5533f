-- Which hub whoever asks is from, for who decides. Of questions of before it is not known.
ALTER TABLE approval_questions ADD COLUMN hub_id BLOB;
