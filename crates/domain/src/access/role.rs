//! The roles of members.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The role of a membership. What each may do stands in [`super::may`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Full control of the tenant.
    Owner,
    /// Manages datasets, endpoints and policies, and members who are User or Viewer.
    Admin,
    /// Queries endpoints.
    User,
    /// Reads what there is, never what is in it.
    Viewer,
}

/// A text that is no role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a role is one of owner, admin, user, viewer")]
pub struct RoleError;

impl Role {
    /// Every role, the mightiest first.
    pub const ALL: [Self; 4] = [Self::Owner, Self::Admin, Self::User, Self::Viewer];

    /// The role's name in JSON, in tokens and in storage.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::User => "user",
            Self::Viewer => "viewer",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = RoleError;
    fn from_str(text: &str) -> Result<Self, RoleError> {
        Self::ALL.into_iter().find(|role| role.as_str() == text).ok_or(RoleError)
    }
}
