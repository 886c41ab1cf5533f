//! A provider's token with one reading: its header and claims, in which no member stands twice.

use serde::Deserialize;
use serde_json::{Map, Value};
use syft_space_jose::{decode, member_names, object};

/// The longest token, in bytes: one that names many groups is longer than ours.
const MAX_TOKEN_BYTES: usize = 32 * 1024;

/// The header of a token. What names a key elsewhere (`jku`, `jwk`, `x5u`, `x5c`) is not read.
#[derive(Debug, Deserialize)]
pub(crate) struct Header {
    pub(crate) alg: String,
    pub(crate) kid: Option<String>,
    pub(crate) typ: Option<String>,
    pub(crate) crit: Option<Value>,
}

/// A token whose signature nobody has looked at yet.
pub(crate) struct Unverified<'a> {
    pub(crate) header: Header,
    pub(crate) claims: Map<String, Value>,
    pub(crate) signing_input: &'a str,
    pub(crate) signature: Vec<u8>,
}

/// Reads a token; `None` where it is none, or could be read in two ways.
pub(crate) fn read(token: &str) -> Option<Unverified<'_>> {
    if token.len() > MAX_TOKEN_BYTES {
        return None;
    }
    let (signing_input, signature) = token.rsplit_once('.')?;
    let (header, payload) = signing_input.split_once('.')?;
    let (header, payload) = (decode(header)?, decode(payload)?);
    member_names(&header)?;
    member_names(&payload)?;
    Some(Unverified {
        header: object(&header)?,
        claims: object(&payload)?,
        signing_input,
        signature: decode(signature).filter(|signature| !signature.is_empty())?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a1_a_token_has_one_reading() {
        // {"alg":"RS256"}.{"sub":"a"}.x
        let good = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.AA";
        assert_eq!(read(good).unwrap().claims["sub"], "a");
        for bad in [
            "",
            "a.b",
            // The signature is missing.
            "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.",
            // Padding.
            "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0=.AA",
            // {"sub":"a","sub":"b"}
            "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIiwic3ViIjoiYiJ9.AA",
            // ["a"]
            "eyJhbGciOiJSUzI1NiJ9.WyJhIl0.AA",
            // Four parts.
            "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.AA.AA",
        ] {
            assert!(read(bad).is_none(), "{bad}");
        }
        assert!(read(&format!("{good}{}", "A".repeat(MAX_TOKEN_BYTES))).is_none());
    }
}
