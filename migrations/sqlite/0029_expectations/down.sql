DROP TABLE expectations;
