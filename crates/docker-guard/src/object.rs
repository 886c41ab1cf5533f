//! How things of the engine are named: by a name that a space gives, by a reference of a caller, by the engine's own id.

use serde::{Deserialize, Serialize};

/// The label that everything of an installation carries.
pub const INSTALLATION_LABEL: &str = "syft-space.installation";

/// What the name of everything that is made begins with.
const NAME_PREFIX: &str = "syft-space-";

/// Names that mean a mode of a network, and no network.
const NETWORK_MODES: &[&str] =
    &["bridge", "default", "host", "nat", "none", "ns", "pasta", "private", "slirp4netns"];

/// The name of something that is made: `syft-space-` and lower-case letters, digits and hyphens.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ObjectName(String);

impl ObjectName {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ObjectName {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        let is_inner = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
        let rest =
            text.strip_prefix(NAME_PREFIX).filter(|rest| !rest.is_empty() && rest.chars().all(is_inner));
        if rest.is_some() && text.len() <= 128 {
            Ok(Self(text))
        } else {
            Err("a name is syft-space- and up to 117 lower-case letters, digits and hyphens")
        }
    }
}

impl From<ObjectName> for String {
    fn from(name: ObjectName) -> Self {
        name.0
    }
}

/// A name or id by which a caller means something that is there. The engine is asked what it is, before anything is done.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Reference(String);

impl Reference {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Reference {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        let is_inner = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
        let begins = text.starts_with(|letter: char| letter.is_ascii_alphanumeric());
        if begins
            && text.len() <= 128
            && text.chars().all(is_inner)
            && !NETWORK_MODES.contains(&text.as_str())
        {
            Ok(Self(text))
        } else {
            Err("this is no name or id of something that was made here")
        }
    }
}

impl From<Reference> for String {
    fn from(reference: Reference) -> Self {
        reference.0
    }
}

/// The id that the engine gave: 64 hexadecimal digits. It means one thing for good, whatever is renamed or made meanwhile.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct ObjectId(String);

impl ObjectId {
    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ObjectId {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        let is_hex = |letter: char| letter.is_ascii_digit() || ('a'..='f').contains(&letter);
        if text.len() == 64 && text.chars().all(is_hex) {
            Ok(Self(text))
        } else {
            Err("the engine's id is none")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn n3_names_are_the_spaces_own_and_references_are_no_paths_and_no_modes() {
        let name = |text: &str| ObjectName::try_from(text.to_owned()).is_ok();
        assert!(name("syft-space-d-0191"));
        for wrong in
            ["", "syft-space-", "syft-space-A", "syft-space-a/b", "db", "syft-space-a b", "xsyft-space-a"]
        {
            assert!(!name(wrong), "{wrong}");
        }
        assert!(!name(&format!("syft-space-{}", "a".repeat(118))));
        let reference = |text: &str| Reference::try_from(text.to_owned()).is_ok();
        assert!(reference("syft-space-x") && reference("0f3a") && reference("A_b.c-d"));
        for wrong in
            ["", ".", "..", "a/b", "container:x", "host", "none", "bridge", "default", "a%2fb", "-x", "ä"]
        {
            assert!(!reference(wrong), "{wrong}");
        }
        let id = |text: &str| ObjectId::try_from(text.to_owned()).is_ok();
        assert!(id(&"0f".repeat(32)));
        assert!(!id(&"0F".repeat(32)) && !id("host") && !id(&"0f".repeat(31)));
    }
}
