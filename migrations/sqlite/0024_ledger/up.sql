-- What callers were charged: each transfer takes an amount (in millionths) from a payer's account and brings it to an endpoint's.
-- It outlives the policy, the endpoint and the payer's account, and names nobody but by the id that the audit log has.
CREATE TABLE transfers (
    tenant_id     BLOB    NOT NULL,
    event_id      BLOB    NOT NULL,
    policy_id     BLOB    NOT NULL,
    time          INTEGER NOT NULL,
    payer_id      BLOB    NOT NULL,
    endpoint_id   BLOB    NOT NULL,
    period        TEXT    NOT NULL,
    period_begins INTEGER NOT NULL,
    currency      TEXT    NOT NULL,
    units         INTEGER NOT NULL CHECK (units >= 0),
    free_units    INTEGER NOT NULL CHECK (free_units BETWEEN 0 AND units),
    amount        INTEGER NOT NULL CHECK (amount >= 0),
    request       BLOB,
    repeats       INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, event_id, policy_id),
    FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- Of those whose request has a correlation id, the same request.
CREATE INDEX transfers_of_request ON transfers (tenant_id, request, policy_id, time) WHERE request IS NOT NULL;

-- What the transfers of an account come to in a period. The key says which: policy, account, period and currency, in their order.
CREATE TABLE balances (
    tenant_id  BLOB    NOT NULL,
    key        BLOB    NOT NULL,
    units      INTEGER NOT NULL CHECK (units >= 0),
    free_units INTEGER NOT NULL CHECK (free_units BETWEEN 0 AND units),
    amount     INTEGER NOT NULL CHECK (amount >= 0),
    PRIMARY KEY (tenant_id, key),
    FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
