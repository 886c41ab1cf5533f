DROP TABLE endpoint_policies;
DROP TABLE policies;
