DROP TABLE oidc_sessions;
DROP TABLE oidc_identities;
DROP TABLE oidc_providers;
