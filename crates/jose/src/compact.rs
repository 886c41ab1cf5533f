//! The compact serialization of a token, with one reading only.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use syft_space_domain::time::Timestamp;

/// The longest token, in bytes. Ours and those of hubs have some 550.
pub const MAX_TOKEN_BYTES: usize = 4096;

/// A token in three parts, still encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Compact<'a> {
    /// The header.
    pub header: &'a str,
    /// The claims.
    pub payload: &'a str,
    /// The signature.
    pub signature: &'a str,
    /// The JWS signing input: header, dot, payload.
    pub signing_input: &'a str,
}

impl<'a> Compact<'a> {
    /// Splits a token; `None` when it is not three parts, or too long.
    #[must_use]
    pub fn split(token: &'a str) -> Option<Self> {
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

/// The bytes of strict base64url: no padding, and no bits set that stand for nothing.
#[must_use]
pub fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// Reads a JSON object. A member of `T` that stands twice is refused by what derives `T`. Whether others are is for `T` to
/// say; one that ignores them asks [`member_names`](crate::member_names) first, for they too may stand but once.
#[must_use]
pub fn object<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Option<T> {
    // A derived reader would also take an array, by position.
    if json.first() != Some(&b'{') {
        return None;
    }
    serde_json::from_slice(json).ok()
}

/// The time that a claim names (`NumericDate`, in whole seconds); `None` beyond the times there are.
#[must_use]
pub fn numeric_date(seconds: u64) -> Option<Timestamp> {
    i64::try_from(seconds).ok()?.checked_mul(1_000_000).map(Timestamp::from_unix_micros)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_three_parts_and_not_too_long() {
        let token = Compact::split("aa.bb.cc").unwrap();
        assert_eq!((token.header, token.payload, token.signature), ("aa", "bb", "cc"));
        assert_eq!(token.signing_input, "aa.bb");
        for refused in ["", "aa", "aa.bb", "aa.bb.cc.dd", "a.b.c.d.e"] {
            assert_eq!(Compact::split(refused), None, "{refused}");
        }
        let longest = format!("{}.b.c", "a".repeat(MAX_TOKEN_BYTES - 4));
        assert!(Compact::split(&longest).is_some());
        assert_eq!(Compact::split(&format!("{longest}c")), None);
    }

    #[test]
    fn base64url_has_one_form() {
        assert_eq!(decode("-_8").as_deref(), Some([0xfb, 0xff].as_slice()));
        for refused in ["-_8=", "+/8", "-_9", "-_8 ", "-"] {
            assert_eq!(decode(refused), None, "{refused}");
        }
    }

    #[test]
    fn an_object_is_an_object_with_each_member_once() {
        #[derive(Debug, PartialEq, Deserialize)]
        #[serde(deny_unknown_fields)]
        struct One {
            a: u64,
        }
        assert_eq!(object(br#"{"a":1}"#), Some(One { a: 1 }));
        for refused in [r#"[1]"#, r#" {"a":1}"#, r#"{"a":1,"a":1}"#, r#"{"a":1,"b":1}"#, r#"{"a":1}x"#, ""] {
            assert_eq!(object::<One>(refused.as_bytes()), None, "{refused}");
        }
    }

    #[test]
    fn a_date_beyond_all_time_is_none() {
        assert_eq!(numeric_date(1).map(Timestamp::as_unix_micros), Some(1_000_000));
        assert_eq!(numeric_date(u64::MAX), None);
        assert_eq!(numeric_date(i64::MAX.unsigned_abs()), None);
    }
}
