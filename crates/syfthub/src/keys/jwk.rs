//! The keys of a hub's key set (RFC 7517) that are used, and why the others are not.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use josekit::jwk::Jwk;
use josekit::jws::JwsVerifier;
use josekit::jws::RS256;
use josekit::jws::alg::rsassa::RsassaJwsVerifier;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::modulus::weakness;

/// The fewest bits of a modulus (NIST SP 800-131A), and the most: beyond, a signature costs too much to check.
const MODULUS_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;
/// The least public exponent (FIPS 186-5), and the most bytes of one.
const MIN_EXPONENT: u64 = 65_537;
const MAX_EXPONENT_BYTES: usize = 4;
/// The most keys of a set that are looked at. Hubs show one or two.
const MAX_KEYS: usize = 16;
/// The longest id of a key.
const MAX_KID_BYTES: usize = 255;

/// Members of a private key (RFC 7518, section 6.3.2). A hub that shows one shows it to everybody.
const PRIVATE_MEMBERS: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// A public key of a hub.
pub(crate) struct HubKey {
    pub(crate) kid: String,
    modulus: Vec<u8>,
    exponent: u64,
    verifier: RsassaJwsVerifier,
    retired: AtomicBool,
}

impl HubKey {
    /// Whether the signature is this key's, over this message: RSASSA-PKCS1-v1_5 with SHA-256, and nothing else.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.verifier.verify(message, signature).is_ok()
    }

    /// Whether it is the same key under the same `kid`.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.kid == other.kid && self.modulus == other.modulus && self.exponent == other.exponent
    }

    /// Marks the key as one that the hub publishes no more: what it verified is not valid any more.
    pub(crate) fn retire(&self) {
        self.retired.store(true, Ordering::Release);
    }

    pub(crate) fn is_retired(&self) -> bool {
        self.retired.load(Ordering::Acquire)
    }
}

#[derive(Deserialize)]
struct JwkSet {
    keys: Vec<Map<String, Value>>,
}

/// The keys of a set that are used, and of each other one why it is not. `None` when the text is no key set.
pub(crate) fn parse_key_set(json: &[u8]) -> Option<(Vec<HubKey>, Vec<String>)> {
    let JwkSet { keys } = serde_json::from_slice(json).ok()?;
    let mut count: BTreeMap<String, usize> = BTreeMap::new();
    for key in &keys {
        *count.entry(key_name(key)).or_default() += 1;
    }
    let (mut used, mut ignored) = (Vec::new(), Vec::new());
    for (number, key) in keys.into_iter().enumerate() {
        let name = key_name(&key);
        let parsed = if number >= MAX_KEYS {
            Err("there are too many keys before it")
        } else if count.get(&name).is_some_and(|times| *times > 1) {
            Err("its kid stands more than once")
        } else {
            parse_key(key)
        };
        match parsed {
            Ok(key) => used.push(key),
            Err(why) => ignored.push(format!("{name:?}: {why}")),
        }
    }
    Some((used, ignored))
}

fn key_name(key: &Map<String, Value>) -> String {
    key.get("kid").and_then(Value::as_str).unwrap_or_default().chars().take(MAX_KID_BYTES).collect()
}

fn parse_key(key: Map<String, Value>) -> Result<HubKey, &'static str> {
    let text = |member: &str| key.get(member).map(|value| value.as_str().unwrap_or_default());
    let kid = text("kid").filter(|kid| (1..=MAX_KID_BYTES).contains(&kid.len())).ok_or("it has no kid")?;
    if text("kty") != Some("RSA") {
        return Err("it is no RSA key");
    }
    if PRIVATE_MEMBERS.iter().any(|member| key.contains_key(*member)) {
        return Err("it shows its private part");
    }
    if text("use").is_some_and(|usage| usage != "sig") {
        return Err("it is not for signatures");
    }
    if text("alg").is_some_and(|alg| alg != "RS256") {
        return Err("it is not for RS256");
    }
    if let Some(operations) = key.get("key_ops") {
        let verify = |operation: &Value| operation.as_str() == Some("verify");
        if !operations.as_array().is_some_and(|operations| operations.iter().any(verify)) {
            return Err("it is not for verifying");
        }
    }
    let number = |member| {
        let bytes = URL_SAFE_NO_PAD.decode(text(member).unwrap_or_default()).unwrap_or_default();
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        bytes.get(zeros..).unwrap_or_default().to_vec()
    };
    let (modulus, exponent) = (number("n"), number("e"));
    let first = modulus.first().map_or(0, |byte| 8 - byte.leading_zeros());
    let bits = modulus.len().saturating_sub(1) * 8 + usize::try_from(first).unwrap_or(0);
    if !MODULUS_BITS.contains(&bits) {
        return Err("its modulus has less than 2048 bits, or more than 8192");
    }
    if let Some(why) = weakness(&modulus) {
        return Err(why);
    }
    if exponent.len() > MAX_EXPONENT_BYTES {
        return Err("its exponent is too large");
    }
    let exponent = exponent.iter().fold(0u64, |sum, byte| sum << 8 | u64::from(*byte));
    if exponent < MIN_EXPONENT || exponent % 2 == 0 {
        return Err("its exponent is even, or less than 65537");
    }
    let kid = kid.to_owned();
    let jwk = Jwk::from_map(key).map_err(|_| "it cannot be read")?;
    let verifier = RS256.verifier_from_jwk(&jwk).map_err(|_| "it cannot be read")?;
    Ok(HubKey { kid, modulus, exponent, verifier, retired: AtomicBool::new(false) })
}
