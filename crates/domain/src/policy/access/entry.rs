//! What a list of patterns holds: a pattern, users of a marketplace, or a group by its name.

use std::fmt;
use std::str::FromStr;

use crate::group::{GroupName, GroupNameError};
use crate::policy::access::hub_pattern::{HubPattern, HubPatternError};
use crate::policy::pattern::{EmailPattern, PatternError};

/// What a list of patterns holds.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum AccessEntry {
    /// Whoever has an address that matches.
    Pattern(EmailPattern),
    /// Those users of a marketplace whose address there matches.
    Hub(HubPattern),
    /// Whoever is in the group.
    Group(GroupName),
}

/// A text that no list of patterns holds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccessEntryError {
    /// It is no pattern.
    #[error(transparent)]
    Pattern(#[from] PatternError),
    /// What stands behind `hub:` means no users of a marketplace.
    #[error(transparent)]
    Hub(#[from] HubPatternError),
    /// What stands behind `group:` is no name of a group.
    #[error(transparent)]
    Group(#[from] GroupNameError),
}

impl AccessEntry {
    /// Reads a pattern, `hub:`, the name of a marketplace, a slash and a pattern, or `group:` and the name of a group.
    ///
    /// # Errors
    /// When the text is none of them.
    pub fn parse(text: &str) -> Result<Self, AccessEntryError> {
        if let Some(name) = text.strip_prefix(GroupName::PREFIX) {
            Ok(Self::Group(GroupName::parse(name)?))
        } else if let Some(rest) = text.strip_prefix(HubPattern::PREFIX) {
            Ok(Self::Hub(HubPattern::parse(rest)?))
        } else {
            Ok(Self::Pattern(EmailPattern::parse(text)?))
        }
    }
}

impl FromStr for AccessEntry {
    type Err = AccessEntryError;
    fn from_str(text: &str) -> Result<Self, AccessEntryError> {
        Self::parse(text)
    }
}

impl fmt::Display for AccessEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pattern(pattern) => pattern.fmt(f),
            Self::Hub(pattern) => pattern.fmt(f),
            Self::Group(name) => f.write_str(&name.reference()),
        }
    }
}
