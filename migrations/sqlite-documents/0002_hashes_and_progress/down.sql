DROP TABLE progress;
DROP TABLE hashes;
