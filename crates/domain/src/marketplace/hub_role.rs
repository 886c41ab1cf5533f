//! The role of somebody on a hub.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

/// What somebody is on a hub. Here it gives no right at all; it only tells guests from people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum HubRole {
    /// A user.
    User,
    /// One who manages the hub. Nobody special here.
    Admin,
    /// Anybody at all, without an account.
    Guest,
}

/// A text that is no role on a hub.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a role on a hub is user, admin or guest")]
pub struct HubRoleError;

impl HubRole {
    /// Every role.
    pub const ALL: [Self; 3] = [Self::User, Self::Admin, Self::Guest];

    /// The role's name in tokens.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Admin => "admin",
            Self::Guest => "guest",
        }
    }
}

impl fmt::Display for HubRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for HubRole {
    type Err = HubRoleError;
    fn from_str(text: &str) -> Result<Self, HubRoleError> {
        Self::ALL.into_iter().find(|one| one.as_str() == text).ok_or(HubRoleError)
    }
}
