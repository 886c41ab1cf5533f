DROP INDEX transfers_of_request;
CREATE INDEX transfers_of_request ON transfers (tenant_id, request, policy_id, time) WHERE request IS NOT NULL;
