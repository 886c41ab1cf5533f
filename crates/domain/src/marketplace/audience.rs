//! For whom a satellite token is made out.

use crate::as_text::text_type;
use crate::marketplace::{HubUsername, SatelliteId};

/// The `aud` of a satellite token: the hub username of the endpoint's owner, or the id of a satellite that they
/// registered. Hubs write it lower-cased; another spelling is another audience.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Audience(String);

/// A text that is no audience.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an audience is a hub's user name, or the id of a satellite, in lower case")]
pub struct AudienceError;

impl Audience {
    /// Reads an audience as a token names it. Nothing is lower-cased or trimmed.
    ///
    /// # Errors
    /// When the text is none.
    pub fn parse(text: &str) -> Result<Self, AudienceError> {
        let read = HubUsername::parse(text).map_err(|_| AudienceError)?;
        // The id of a satellite is within the alphabet and length of user names.
        if read.as_str() == text { Ok(Self(text.to_owned())) } else { Err(AudienceError) }
    }

    /// It as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&HubUsername> for Audience {
    fn from(username: &HubUsername) -> Self {
        Self(username.as_str().to_owned())
    }
}

impl From<SatelliteId> for Audience {
    fn from(id: SatelliteId) -> Self {
        Self(id.to_string())
    }
}

text_type!(Audience, AudienceError);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a2_an_audience_is_read_as_it_stands() {
        for good in ["spaceowner", "0190d3a1-7c1e-7b7a-9c3e-2f6f3f1f0a11"] {
            assert_eq!(Audience::parse(good).unwrap().as_str(), good);
        }
        for bad in ["", "SpaceOwner", " spaceowner", "spaceowner ", "a,b,c", "spaceowner\0"] {
            assert_eq!(Audience::parse(bad), Err(AudienceError), "{bad}");
        }
    }
}
