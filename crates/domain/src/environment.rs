//! The environment that a key is for.

use std::fmt;
use std::str::FromStr;

/// The mark of an installation, such as `production` or `staging`: 1 to 64 of `a-z`, `0-9`, `-` and `_`. It keeps a key
/// from being used where it was not made for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Environment(String);

/// A text that is no mark of an environment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an environment is named by 1 to {} of a-z, 0-9, - and _, such as production", Environment::MAX)]
pub struct EnvironmentError;

impl Environment {
    /// The most characters.
    pub const MAX: usize = 64;

    /// The mark of an installation that names none.
    #[must_use]
    pub fn production() -> Self {
        Self("production".to_owned())
    }

    /// Reads a mark.
    ///
    /// # Errors
    /// When the text is empty, too long, or has another character.
    pub fn parse(text: &str) -> Result<Self, EnvironmentError> {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_');
        let fits = (1..=Self::MAX).contains(&text.len()) && text.bytes().all(allowed);
        if fits { Ok(Self(text.to_owned())) } else { Err(EnvironmentError) }
    }

    /// The mark as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Environment {
    type Err = EnvironmentError;
    fn from_str(text: &str) -> Result<Self, EnvironmentError> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_environment_is_a_short_plain_word() {
        for good in ["production", "eu-west_2", &"a".repeat(64)] {
            assert_eq!(Environment::parse(good).unwrap().as_str(), good);
        }
        for bad in ["", "Production", "two words", "a\n", "ü", &"a".repeat(65)] {
            assert_eq!(Environment::parse(bad), Err(EnvironmentError), "{bad}");
        }
    }
}
