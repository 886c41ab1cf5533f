//! The stored form of a key ring.
//!
//! It is a JSON Web Key Set (RFC 7517) with a member of our own, `environment`, and three per key: `created_at`,
//! `accepted_until` for a retired one, and `unrecorded` for one that a rotation made and no event tells of yet. Unknown members are refused: a key that says more than is understood here is not ours.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use syft_space_domain::environment::Environment;
use syft_space_domain::secret::Secret;
use syft_space_domain::time::Timestamp;
use zeroize::Zeroize;

use crate::key::{KEY_BYTES, Key, PublicKey};
use crate::{KeyRingError, SigningAlgorithm};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredKeySet {
    environment: Option<String>,
    keys: Vec<StoredKey>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredKey {
    kty: String,
    crv: Option<String>,
    alg: String,
    #[serde(rename = "use")]
    usage: String,
    kid: String,
    x: Option<String>,
    y: Option<String>,
    k: Option<Secret<String>>,
    d: Option<Secret<String>>,
    created_at: Timestamp,
    accepted_until: Option<Timestamp>,
    #[serde(default)]
    unrecorded: bool,
}

#[derive(Serialize)]
struct StoredKeySetOut<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    environment: Option<&'a str>,
    keys: &'a [StoredKeyOut<'a>],
}

#[derive(Serialize)]
struct StoredKeyOut<'a> {
    kty: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    crv: Option<&'a str>,
    alg: &'a str,
    #[serde(rename = "use")]
    usage: &'a str,
    kid: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    x: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    y: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    k: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    d: Option<&'a str>,
    created_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    accepted_until: Option<Timestamp>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    unrecorded: bool,
}

/// The room for one written key, so that the buffer of secrets never grows and leaves a copy behind.
const KEY_JSON_BYTES: usize = 1024;

pub(crate) fn write<'a>(
    environment: Option<&Environment>,
    keys: impl Iterator<Item = &'a Key>,
) -> Secret<String> {
    let keys: Vec<(&Key, Secret<String>)> =
        keys.map(|key| (key, Secret::new(URL_SAFE_NO_PAD.encode(key.secret.expose())))).collect();
    let entries: Vec<StoredKeyOut<'_>> = keys
        .iter()
        .map(|(key, secret)| {
            let (kty, crv) = key.algorithm.key_type();
            let is_mac = key.public.is_none();
            StoredKeyOut {
                kty,
                crv,
                alg: key.algorithm.as_str(),
                usage: "sig",
                kid: &key.id,
                x: key.public.as_ref().map(|public| public.x.as_str()),
                y: key.public.as_ref().and_then(|public| public.y.as_deref()),
                k: is_mac.then(|| secret.expose().as_str()),
                d: (!is_mac).then(|| secret.expose().as_str()),
                created_at: key.created_at,
                accepted_until: key.accepted_until,
                unrecorded: key.unrecorded,
            }
        })
        .collect();
    let lengths: usize = keys.iter().map(|(_, secret)| secret.expose().len() + KEY_JSON_BYTES).sum();
    let mut json = Vec::with_capacity(lengths + KEY_JSON_BYTES);
    // Writing text and times into memory cannot fail; an empty file would be refused when read.
    let environment = environment.map(Environment::as_str);
    let written = serde_json::to_writer_pretty(&mut json, &StoredKeySetOut { environment, keys: &entries });
    debug_assert!(written.is_ok(), "a key set is plain JSON");
    Secret::new(String::from_utf8(json).unwrap_or_default())
}

pub(crate) fn read(json: &Secret<String>) -> Result<(Option<Environment>, Vec<Key>), KeyRingError> {
    // The parser's own message is dropped: it may quote a value.
    let set: StoredKeySet = serde_json::from_str(json.expose())
        .map_err(|error| KeyRingError::Unreadable { line: error.line(), column: error.column() })?;
    let environment = set.environment.map(|mark| Environment::parse(&mark)).transpose()?;
    let keys = set.keys.into_iter().map(StoredKey::into_key).collect::<Result<_, _>>()?;
    Ok((environment, keys))
}

impl StoredKey {
    fn into_key(self) -> Result<Key, KeyRingError> {
        let Self { kty, crv, alg, usage, kid, x, y, k, d, created_at, accepted_until, unrecorded } = self;
        let mixed = || KeyRingError::MixedKinds { kid: kid.clone() };
        let algorithm: SigningAlgorithm = alg.parse().map_err(|_| mixed())?;
        if usage != "sig" || (kty.as_str(), crv.as_deref()) != algorithm.key_type() {
            return Err(mixed());
        }
        let (secret, public) = match (algorithm, k, d, x, y) {
            (SigningAlgorithm::Hs256, Some(k), None, None, None) => (k, None),
            (SigningAlgorithm::EdDsa, None, Some(d), Some(x), None) => (d, Some(PublicKey { x, y: None })),
            (SigningAlgorithm::Es256, None, Some(d), Some(x), Some(y)) => {
                (d, Some(PublicKey { x, y: Some(y) }))
            }
            _ => return Err(mixed()),
        };
        let wrong_material = || KeyRingError::WrongMaterial { kid: kid.clone(), algorithm };
        let secret = decode(&secret).ok_or_else(wrong_material)?;
        if algorithm == SigningAlgorithm::Hs256 {
            if secret.expose().len() < KEY_BYTES {
                return Err(KeyRingError::TooShort { kid, bits: secret.expose().len() * 8 });
            }
            if !is_mac_id(&kid) {
                return Err(KeyRingError::WrongId { kid });
            }
        }
        let mut key = Key::new(algorithm, secret, kid.clone(), created_at).map_err(|_| wrong_material())?;
        if key.public != public {
            return Err(wrong_material());
        }
        if key.id != kid {
            return Err(KeyRingError::WrongId { kid });
        }
        key.accepted_until = accepted_until;
        key.unrecorded = unrecorded;
        Ok(key)
    }
}

fn decode(text: &Secret<String>) -> Option<Secret<Vec<u8>>> {
    let mut bytes = Vec::with_capacity(text.expose().len());
    match URL_SAFE_NO_PAD.decode_vec(text.expose(), &mut bytes) {
        Ok(()) => Some(Secret::new(bytes)),
        Err(_) => {
            bytes.zeroize();
            None
        }
    }
}

fn is_mac_id(kid: &str) -> bool {
    (1..=64).contains(&kid.len()) && kid.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}
