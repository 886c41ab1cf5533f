DROP TABLE taken_limits;
