-- When a session of the account last began, for who reviews which accounts nobody uses. Of before only the sessions tell that live still.
ALTER TABLE accounts ADD COLUMN last_login_at INTEGER;
UPDATE accounts SET last_login_at = (
    SELECT max(sessions.created_at) FROM sessions
    WHERE sessions.tenant_id = accounts.tenant_id AND sessions.account_id = accounts.id
);
