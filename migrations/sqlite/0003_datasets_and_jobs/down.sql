DROP TABLE jobs;
DROP TABLE datasets;
