//! The compact serialization of a token, with one reading only.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::SigningAlgorithm;

/// The kind of token (RFC 9068): no other kind of token passes for an access token.
pub(crate) const TOKEN_TYPE: &str = "at+jwt";

/// The longest token, in bytes.
pub(crate) const MAX_TOKEN_BYTES: usize = 4096;

/// A token in three parts, still encoded.
pub(crate) struct Compact<'a> {
    pub(crate) header: &'a str,
    pub(crate) payload: &'a str,
    pub(crate) signature: &'a str,
    /// The JWS signing input: header, dot, payload.
    pub(crate) signing_input: &'a str,
}

impl<'a> Compact<'a> {
    /// Splits a token; `None` when it is not three parts, or too long.
    pub(crate) fn split(token: &'a str) -> Option<Self> {
        if token.len() > MAX_TOKEN_BYTES {
            return None;
        }
        let (signing_input, signature) = token.rsplit_once('.')?;
        let (header, payload) = signing_input.split_once('.')?;
        if payload.contains('.') {
            return None;
        }
        Some(Self { header, payload, signature, signing_input })
    }
}

/// The members a header may have. An absent one is empty here, and so neither our type nor any key's id.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Header<'a> {
    #[serde(borrow, default)]
    pub(crate) alg: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(crate) typ: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(crate) kid: Cow<'a, str>,
}

pub(crate) fn encode_header(algorithm: SigningAlgorithm, kid: &str) -> Option<String> {
    let header = Header { alg: algorithm.as_str().into(), typ: TOKEN_TYPE.into(), kid: kid.into() };
    Some(URL_SAFE_NO_PAD.encode(serde_json::to_vec(&header).ok()?))
}

/// The bytes of strict base64url: no padding, and no bits set that stand for nothing.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// Reads a JSON object. A member that stands twice or is not known to `T` is refused by what derives `T`.
pub(crate) fn object<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Option<T> {
    // A derived reader would also take an array, by position.
    if json.first() != Some(&b'{') {
        return None;
    }
    serde_json::from_slice(json).ok()
}
