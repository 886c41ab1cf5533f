//! The header of a satellite token.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer};
use syft_space_jose::{member_names, object};

/// Parameters that change what is signed, or ask for what is not done here (RFC 7515, section 4.1.11; RFC 7797).
const REFUSED_PARAMETERS: [&str; 2] = ["b64", "crit"];

/// The parameters that are used.
const KNOWN_PARAMETERS: [&str; 3] = ["alg", "kid", "typ"];

/// The header. Parameters that are not known here are ignored (RFC 7515, section 4): no key is ever taken from one.
#[derive(Deserialize)]
pub(crate) struct Header<'a> {
    #[serde(borrow)]
    pub(crate) alg: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) kid: Cow<'a, str>,
    /// It may be left out (RFC 7519, section 5.1).
    #[serde(default, deserialize_with = "present")]
    pub(crate) typ: Option<String>,
}

impl<'a> Header<'a> {
    /// Reads a header, and the names of the parameters that were ignored. `None` when it is none, or is not to be used.
    pub(crate) fn read(json: &'a [u8]) -> Option<(Self, Vec<String>)> {
        let mut names = member_names(json)?;
        if names.iter().any(|name| REFUSED_PARAMETERS.contains(&name.as_str())) {
            return None;
        }
        names.retain(|name| !KNOWN_PARAMETERS.contains(&name.as_str()));
        Some((object(json)?, names))
    }
}

/// A member that may be left out, and is no `null`.
pub(crate) fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}
