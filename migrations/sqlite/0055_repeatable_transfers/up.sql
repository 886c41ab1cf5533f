-- Of a request that is sent again and again, only what may be repeated still is looked through.
DROP INDEX transfers_of_request;
CREATE INDEX transfers_of_request ON transfers (tenant_id, request, policy_id, time) WHERE request IS NOT NULL AND repeats < 2;
