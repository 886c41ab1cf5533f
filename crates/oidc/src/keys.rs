//! The algorithms and keys by which a provider's word is verified.

use openidconnect::JsonWebKeySet;
use openidconnect::core::{CoreJsonWebKey, CoreJwsSigningAlgorithm};
use serde_json::Value;
use syft_space_jose::decode;

/// The algorithms that are accepted: each of a public key. None of a shared secret, and not `none`.
pub(crate) const ALGORITHMS: [CoreJwsSigningAlgorithm; 5] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// The most keys of a set that are looked at.
const MAX_KEYS: usize = 16;
/// The fewest bytes of an RSA modulus (NIST SP 800-131A).
const MIN_MODULUS_BYTES: usize = 256;

/// The keys of a set that verify signatures: public ones, and strong enough.
pub(crate) fn usable(keys: &JsonWebKeySet<CoreJsonWebKey>) -> JsonWebKeySet<CoreJsonWebKey> {
    let usable = keys.keys().iter().filter(|key| is_usable(key)).take(MAX_KEYS);
    JsonWebKeySet::new(usable.cloned().collect())
}

fn is_usable(key: &CoreJsonWebKey) -> bool {
    let Ok(members) = serde_json::to_value(key) else { return false };
    let text = |member: &str| members.get(member).and_then(Value::as_str);
    // A provider that shows what signs shows it to everybody.
    if text("d").is_some() || text("k").is_some() {
        return false;
    }
    match text("kty") {
        Some("RSA") => {
            let modulus = text("n").and_then(decode).unwrap_or_default();
            modulus.iter().skip_while(|byte| **byte == 0).count() >= MIN_MODULUS_BYTES
        }
        Some("EC" | "OKP") => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a1_keys_that_are_weak_private_or_shared_are_not_used() {
        let set = |key: &str| {
            let text = format!(r#"{{"keys":[{key}]}}"#);
            usable(&serde_json::from_str(&text).unwrap()).keys().len()
        };
        let rsa = |bytes: usize| {
            let modulus = "gAAA".repeat(bytes / 3 + 1)[..bytes.div_ceil(3) * 4].to_owned();
            format!(r#"{{"kty":"RSA","n":"{modulus}","e":"AQAB"}}"#)
        };
        assert_eq!(set(&rsa(258)), 1);
        assert_eq!(set(&rsa(129)), 0, "1024 bits");
        assert_eq!(set(r#"{"kty":"OKP","crv":"Ed25519","x":"AAAA"}"#), 1);
        assert_eq!(set(r#"{"kty":"OKP","crv":"Ed25519","x":"AAAA","d":"AAAA"}"#), 0);
        assert_eq!(set(r#"{"kty":"oct","k":"AAAA"}"#), 0);
        let many = vec![rsa(258); 40].join(",");
        assert_eq!(set(&many), MAX_KEYS);
    }
}
