DROP TABLE login_records;
