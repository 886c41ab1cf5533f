DROP TABLE totals;
DROP TABLE ingestions;
DROP TABLE removals;
DROP TABLE chunks;
DROP TABLE documents;
