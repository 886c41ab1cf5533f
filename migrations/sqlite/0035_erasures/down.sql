DROP INDEX disclosures_of_caller;
DROP TABLE erasures;
