//! The actions of audit events, in the vocabulary of the OWASP logging cheat sheet.

use crate::as_text::text_enum;

text_enum! {
    /// What was done.
    pub enum Action {
        /// Somebody has seen who can query what.
        AccessReviewed = "access_reviewed",
        /// A log is not the one that was signed before.
        AuditIntegrityFail = "audit_integrity_fail",
        /// Somebody's second factor was changed, or one of their recovery codes was used.
        AuthnFactorChange = "authn_factor_change",
        /// A change of a second factor failed.
        AuthnFactorChangeFail = "authn_factor_change_fail",
        /// Somebody proved who they are.
        AuthnLoginSuccess = "authn_login_success",
        /// A login failed.
        AuthnLoginFail = "authn_login_fail",
        /// Somebody changed their password.
        AuthnPasswordChange = "authn_password_change",
        /// A change of a password failed.
        AuthnPasswordChangeFail = "authn_password_change_fail",
        /// A token was made: an API key, or another secret of one; or one by which somebody may choose another password.
        AuthnTokenCreated = "authn_token_created",
        /// An API key was revoked.
        AuthnTokenRevoked = "authn_token_revoked",
        /// A session was kept up by its refresh token.
        SessionRenewed = "session_renewed",
        /// A session ended.
        SessionExpired = "session_expired",
        /// A refresh token was used that another had taken the place of.
        AuthnTokenReuse = "authn_token_reuse",
        /// A bearer token was refused.
        AuthnTokenFail = "authn_token_fail",
        /// A known caller was refused by their role.
        AuthzFail = "authz_fail",
        /// A member's role or status changed.
        PrivilegePermissionsChanged = "privilege_permissions_changed",
        /// An account was made.
        UserCreated = "user_created",
        /// An account was removed.
        UserDeleted = "user_deleted",
        /// A tenant was removed, with everything of it.
        TenantDeleted = "tenant_deleted",
        /// A tenant, dataset, endpoint, policy or invitation was made, changed or removed.
        ConfigChange = "config_change",
        /// Documents were added or replaced.
        SensitiveCreate = "sensitive_create",
        /// Documents' content was read.
        SensitiveRead = "sensitive_read",
        /// Documents were removed.
        SensitiveDelete = "sensitive_delete",
        /// An endpoint was queried, and answered.
        EndpointQuery = "endpoint_query",
        /// More requests came from an address than one may make.
        ExcessRateLimitExceeded = "excess_rate_limit_exceeded",
        /// A policy refused a query.
        PolicyViolation = "policy_violation",
        /// Something that events of the log say somebody should look at.
        Detection = "detection",
        /// The server started.
        SysStartup = "sys_startup",
        /// The server stopped in order.
        SysShutdown = "sys_shutdown",
    }

    /// A text that is no action.
    #[error("an action is one of: {}", Action::ALL.map(Action::as_str).join(", "))]
    pub struct ActionError;
}
