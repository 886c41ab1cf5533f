//! What a list of patterns holds: a pattern, or a group by its name.

use std::fmt;
use std::str::FromStr;

use crate::group::{GroupName, GroupNameError};
use crate::policy::pattern::{EmailPattern, PatternError};

/// What a list of patterns holds.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum AccessEntry {
    /// Whoever has an address that matches.
    Pattern(EmailPattern),
    /// Whoever is in the group.
    Group(GroupName),
}

/// A text that no list of patterns holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AccessEntryError {
    /// It is no pattern.
    #[error(transparent)]
    Pattern(#[from] PatternError),
    /// What stands behind `group:` is no name of a group.
    #[error(transparent)]
    Group(#[from] GroupNameError),
}

impl AccessEntry {
    /// Reads a pattern, or `group:` and the name of a group.
    ///
    /// # Errors
    /// When the text is neither.
    pub fn parse(text: &str) -> Result<Self, AccessEntryError> {
        match text.strip_prefix(GroupName::PREFIX) {
            Some(name) => Ok(Self::Group(GroupName::parse(name)?)),
            None => Ok(Self::Pattern(EmailPattern::parse(text)?)),
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
            Self::Group(name) => f.write_str(&name.reference()),
        }
    }
}
