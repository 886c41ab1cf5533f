DROP TABLE balances;
DROP TABLE transfers;
