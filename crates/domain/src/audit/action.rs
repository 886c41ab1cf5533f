//! The actions of audit events, in the vocabulary of the OWASP logging cheat sheet.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        /// What was done.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Action { $($(#[$doc])* $name,)* }

        impl Action {
            /// Every action.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The action's name in JSON and in storage.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

actions! {
    /// Somebody proved who they are.
    AuthnLoginSuccess = "authn_login_success";
    /// A login failed.
    AuthnLoginFail = "authn_login_fail";
    /// A bearer token was refused.
    AuthnTokenFail = "authn_token_fail";
    /// A known caller was refused by their role.
    AuthzFail = "authz_fail";
    /// A member's role or status changed.
    PrivilegePermissionsChanged = "privilege_permissions_changed";
    /// An account or membership was made.
    UserCreated = "user_created";
    /// A membership ended.
    UserDeleted = "user_deleted";
    /// A tenant, dataset, endpoint, policy or invitation was made, changed or removed.
    ConfigChange = "config_change";
    /// Documents were added or replaced.
    SensitiveCreate = "sensitive_create";
    /// Documents' content was read.
    SensitiveRead = "sensitive_read";
    /// Documents were removed.
    SensitiveDelete = "sensitive_delete";
    /// An endpoint was queried, and answered.
    EndpointQuery = "endpoint_query";
    /// A policy refused a query.
    PolicyViolation = "policy_violation";
    /// The server started.
    SysStartup = "sys_startup";
    /// The server stopped in order.
    SysShutdown = "sys_shutdown";
}

/// A text that is no action.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an action is one of: {}", Action::ALL.iter().map(|one| one.as_str()).collect::<Vec<_>>().join(", "))]
pub struct ActionError;

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Action {
    type Err = ActionError;
    fn from_str(text: &str) -> Result<Self, ActionError> {
        Self::ALL.iter().copied().find(|one| one.as_str() == text).ok_or(ActionError)
    }
}

impl Serialize for Action {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
