DROP INDEX transfers_of_endpoint;
DROP INDEX transfers_of_payer;
DROP INDEX transfers_by_time;
