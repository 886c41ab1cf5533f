-- What was charged in a time, to one payer, and at one endpoint, each in the order in which it is listed: the key of the table ends each.
CREATE INDEX transfers_by_time ON transfers (tenant_id, time);
CREATE INDEX transfers_of_payer ON transfers (tenant_id, payer_id, time);
CREATE INDEX transfers_of_endpoint ON transfers (tenant_id, endpoint_id, time);
