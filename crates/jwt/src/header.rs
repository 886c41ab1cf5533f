//! The header of an access token.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::SigningAlgorithm;

/// The kind of token (RFC 9068): no other kind of token passes for an access token.
pub(crate) const TOKEN_TYPE: &str = "at+jwt";

/// What tells our kind of token from others, whatever else stands in a header: another kind may have members of its own.
#[derive(Deserialize)]
pub(crate) struct Kind<'a> {
    #[serde(borrow, default)]
    pub(crate) alg: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(crate) typ: Cow<'a, str>,
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
