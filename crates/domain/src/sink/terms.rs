//! What a sink is called, and which events it gets.

use crate::as_text::{text_enum, text_type};

/// The most sinks.
pub const MAX_SINKS: usize = 8;

/// The name of a sink: 1 to 32 of `a-z`, `0-9`, `-` and `_`. How far it has the logs is kept under it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SinkName(String);

/// A text that is no name of a sink.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a sink is named by 1 to {} of a-z, 0-9, - and _, such as archive", SinkName::MAX)]
pub struct SinkNameError;

impl SinkName {
    /// The most characters.
    pub const MAX: usize = 32;

    /// Reads a name.
    ///
    /// # Errors
    /// When the text is empty, too long, or has another character.
    pub fn parse(text: &str) -> Result<Self, SinkNameError> {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_');
        let fits = (1..=Self::MAX).contains(&text.len()) && text.bytes().all(allowed);
        if fits { Ok(Self(text.to_owned())) } else { Err(SinkNameError) }
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

text_type!(SinkName, SinkNameError);

text_enum! {
    /// Which logs a sink gets.
    pub enum SinkLogs {
        /// The installation's, in which nothing of a tenant stands.
        Installation = "installation",
        /// The installation's, and those of all tenants.
        All = "all",
    }

    /// A text that names no logs of a sink.
    #[error("the logs of a sink are one of: {}", SinkLogs::ALL.map(SinkLogs::as_str).join(", "))]
    pub struct SinkLogsError;
}

text_enum! {
    /// With which event a log begins for a sink that gets it for the first time.
    pub enum SinkStart {
        /// With the first one to come.
        Now = "now",
        /// With the first of the log.
        Beginning = "beginning",
    }

    /// A text that names no beginning.
    #[error("a sink begins with one of: {}", SinkStart::ALL.map(SinkStart::as_str).join(", "))]
    pub struct SinkStartError;
}

/// A sink as its operator set it up, but for how events get there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SinkTerms {
    /// Its name.
    pub name: SinkName,
    /// Which logs it gets.
    pub logs: SinkLogs,
    /// With which event of each it begins.
    pub start: SinkStart,
    /// The SHA-256 of where it leads and how events are told there: another place is known by it, and which place it was is not kept.
    pub target: [u8; 32],
}

/// What was changed of a sink since the sinks were settled before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SinkChange {
    /// There was none of its name.
    Added,
    /// There is none of its name any more.
    Removed,
    /// It is another one: at least one of the two.
    Changed {
        /// It gets other logs.
        logs: bool,
        /// It leads elsewhere, or events are told there in another way.
        target: bool,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn u1_the_name_of_a_sink_is_short_and_plain() {
        for fits in ["a", "archive", "siem-2_eu", &"x".repeat(SinkName::MAX)] {
            assert_eq!(SinkName::parse(fits).unwrap().as_str(), fits);
        }
        for wrong in ["", "A", "a b", "a/b", "..", "a=b", "ä", &"x".repeat(SinkName::MAX + 1)] {
            assert_eq!(SinkName::parse(wrong), Err(SinkNameError), "{wrong}");
        }
    }
}
