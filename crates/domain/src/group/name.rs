//! The name of a group, by which policies name it.

use std::borrow::Borrow;
use std::sync::Arc;

use crate::as_text::text_type;

/// 1 to 64 of `a-z`, `0-9` and `-`, with no hyphen at either end and no two in a row.
///
/// ```
/// use syft_space_domain::group::GroupName;
/// assert!(GroupName::parse("partners-2027").is_ok());
/// assert!(GroupName::parse("Partners").is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GroupName(Arc<str>);

/// A text that is no name of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the name of a group has 1 to {} characters of a-z, 0-9 and -, with no hyphen at either end and no two in a row",
    GroupName::MAX
)]
pub struct GroupNameError;

impl GroupName {
    /// The most characters.
    pub const MAX: usize = 64;
    /// What a name looks like, as a regular expression.
    pub const PATTERN: &str = "^[a-z0-9]+(-[a-z0-9]+)*$";
    /// What stands in front of it where a list of patterns names it.
    pub const PREFIX: &str = "group:";

    /// Reads a name. Nothing is lower-cased or trimmed: what is no name is refused.
    ///
    /// # Errors
    /// When the text is no name.
    pub fn parse(text: &str) -> Result<Self, GroupNameError> {
        let fits = (1..=Self::MAX).contains(&text.len());
        let characters = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        let hyphens = !text.starts_with('-') && !text.ends_with('-') && !text.contains("--");
        if fits && characters && hyphens { Ok(Self(text.into())) } else { Err(GroupNameError) }
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// How a list of patterns names it: `group:` and the name.
    #[must_use]
    pub fn reference(&self) -> String {
        format!("{}{self}", Self::PREFIX)
    }
}

text_type!(GroupName, GroupNameError);

impl Borrow<str> for GroupName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn i1_only_names_of_groups_are_names_of_groups() {
        for good in ["a", "7", "partners", "a-b", "2027-partners", &"a".repeat(64)] {
            assert_eq!(GroupName::parse(good).unwrap().reference(), format!("group:{good}"));
        }
        for bad in ["", "-", "A", "a--b", "-ab", "ab-", "a_b", "a b", "a/b", "ä", "group:a", &"a".repeat(65)]
        {
            assert_eq!(GroupName::parse(bad), Err(GroupNameError), "{bad}");
        }
    }
}
