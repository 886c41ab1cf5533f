-- Expectations: who may query an endpoint, and who may not, in its owner's words. Every write that can change it is held to them.
-- A member is named by an address alone; a user of a hub by issuer, subject and role, and an address where it is known.
CREATE TABLE expectations (
    tenant_id   BLOB    NOT NULL,
    endpoint_id BLOB    NOT NULL,
    position    INTEGER NOT NULL,
    email       TEXT,
    issuer      TEXT    CHECK (issuer IS NOT NULL OR email IS NOT NULL),
    subject     TEXT    CHECK ((subject IS NULL) = (issuer IS NULL)),
    hub_role    TEXT    CHECK ((hub_role IS NULL) = (issuer IS NULL)),
    purpose     TEXT,
    verdict     TEXT    NOT NULL CHECK (verdict IN ('allowed', 'denied')),
    note        TEXT    NOT NULL,
    PRIMARY KEY (tenant_id, endpoint_id, position),
    FOREIGN KEY (tenant_id, endpoint_id) REFERENCES endpoints (tenant_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
