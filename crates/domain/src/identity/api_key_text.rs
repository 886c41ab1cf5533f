//! The text of an API key: what its holder presents, and what scanners know a leaked one by.
//!
//! `sps_`, then 94 characters of `0-9A-Za-z`: 22 of the tenant's id, 22 of the key's id, 44 of the secret, 6 of the CRC-32 of
//! those 88. Numbers are in base 62, with zeros before them, as GitHub writes those of its tokens.

use zeroize::Zeroize;

use crate::ids::{ApiKeyId, TenantId};
use crate::random::{Entropy, RandomError};
use crate::secret::{Secret, TokenHash};

/// How many digits 128 bits take, in base 62.
const WIDTH: usize = 22;
/// How many digits 32 bits take.
const CHECKSUM_WIDTH: usize = 6;

/// The secret of an API key: 256 random bits. What is stored is its [`TokenHash`] alone.
pub struct KeySecret(Secret<String>);

impl KeySecret {
    /// A new secret.
    ///
    /// # Errors
    /// When the source of randomness fails.
    pub fn generate(entropy: &dyn Entropy) -> Result<Self, RandomError> {
        let mut halves = [[0_u8; 16]; 2];
        let mut text = String::with_capacity(2 * WIDTH);
        for half in &mut halves {
            entropy.fill(half)?;
            push_base62(&mut text, u128::from_be_bytes(*half), WIDTH);
        }
        halves.zeroize();
        Ok(Self(Secret::new(text)))
    }

    /// What is stored of it.
    #[must_use]
    pub fn hash(&self) -> TokenHash {
        TokenHash::of(self.0.expose())
    }

    /// The text of the key with this secret, to be shown once.
    #[must_use]
    pub fn present(&self, tenant: TenantId, key: ApiKeyId) -> Secret<String> {
        let mut text = String::with_capacity(PresentedKey::LENGTH);
        text.push_str(PresentedKey::PREFIX);
        push_base62(&mut text, u128::from_be_bytes(*tenant.as_bytes()), WIDTH);
        push_base62(&mut text, u128::from_be_bytes(*key.as_bytes()), WIDTH);
        text.push_str(self.0.expose());
        let body = text.get(PresentedKey::PREFIX.len()..).unwrap_or_default();
        let checksum = crc32fast::hash(body.as_bytes());
        push_base62(&mut text, checksum.into(), CHECKSUM_WIDTH);
        Secret::new(text)
    }
}

/// A key as somebody presents it: which one they say it is, and the hash of the secret that is to prove it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PresentedKey {
    /// Of which tenant.
    pub tenant: TenantId,
    /// Which key.
    pub key: ApiKeyId,
    /// The hash of its secret.
    pub secret: TokenHash,
}

impl PresentedKey {
    /// What every API key begins with, and no token does: a token begins with the encoding of `{`.
    pub const PREFIX: &'static str = "sps_";

    /// How many characters a key has.
    pub const LENGTH: usize = Self::PREFIX.len() + 4 * WIDTH + CHECKSUM_WIDTH;

    /// The regular expression that finds keys in texts. What it finds is a key if the checksum is right.
    pub const PATTERN: &'static str = r"\bsps_[0-9A-Za-z]{94}\b";

    /// Whether a credential is meant as an API key.
    #[must_use]
    pub fn is_meant(text: &str) -> bool {
        text.starts_with(Self::PREFIX)
    }

    /// Reads a key; `None` when the text is none, or was not copied whole.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (body, checksum) = text.strip_prefix(Self::PREFIX)?.split_at_checked(4 * WIDTH)?;
        if checksum.len() != CHECKSUM_WIDTH {
            return None;
        }
        if read_base62(checksum)? != u128::from(crc32fast::hash(body.as_bytes())) {
            return None;
        }
        let (tenant, rest) = body.split_at_checked(WIDTH)?;
        let (key, secret) = rest.split_at_checked(WIDTH)?;
        Some(Self {
            tenant: TenantId::from_bytes(read_base62(tenant)?.to_be_bytes()),
            key: ApiKeyId::from_bytes(read_base62(key)?.to_be_bytes()),
            secret: TokenHash::of(secret),
        })
    }
}

/// Writes a number of this many digits.
fn push_base62(text: &mut String, mut number: u128, width: usize) {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut digits = vec!['0'; width];
    for digit in digits.iter_mut().rev() {
        let value = usize::try_from(number % 62).ok();
        *digit = value.and_then(|value| DIGITS.get(value)).copied().map_or('0', char::from);
        number /= 62;
    }
    text.extend(digits.iter());
    digits.zeroize();
}

fn read_base62(text: &str) -> Option<u128> {
    text.bytes().try_fold(0_u128, |number, byte| {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'A'..=b'Z' => byte - b'A' + 10,
            b'a'..=b'z' => byte - b'a' + 36,
            _ => return None,
        };
        number.checked_mul(62)?.checked_add(digit.into())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed(u8);

    impl Entropy for Fixed {
        fn fill(&self, buffer: &mut [u8]) -> Result<(), RandomError> {
            buffer.fill(self.0);
            Ok(())
        }
    }

    fn key(tenant: u8, key: u8, secret: u8) -> (Secret<String>, KeySecret) {
        let secret = KeySecret::generate(&Fixed(secret)).unwrap();
        let (tenant, key) = (TenantId::from_bytes([tenant; 16]), ApiKeyId::from_bytes([key; 16]));
        (secret.present(tenant, key), secret)
    }

    #[test]
    fn k2_a_key_is_read_as_it_was_written_whatever_its_numbers_are() {
        for (tenant, id, byte) in [(0, 0, 0), (1, 2, 3), (0xff, 0xff, 0xff), (0x80, 0x7f, 1)] {
            let (text, secret) = key(tenant, id, byte);
            assert_eq!(text.expose().len(), PresentedKey::LENGTH);
            assert!(text.expose()[4..].bytes().all(|byte| byte.is_ascii_alphanumeric()));
            let read = PresentedKey::parse(text.expose()).unwrap();
            assert_eq!(read.tenant, TenantId::from_bytes([tenant; 16]));
            assert_eq!(read.key, ApiKeyId::from_bytes([id; 16]));
            assert!(read.secret.matches(&secret.hash()));
        }
    }

    #[test]
    fn k2_a_key_with_one_wrong_character_is_none() {
        let (text, _) = key(1, 2, 3);
        let text = text.expose();
        for at in 0..text.len() {
            let mut other = text.clone().into_bytes();
            other[at] = if other[at] == b'x' { b'y' } else { b'x' };
            assert_eq!(PresentedKey::parse(std::str::from_utf8(&other).unwrap()), None, "{at}");
        }
        for wrong in [
            "".to_owned(),
            "sps_".to_owned(),
            text[..text.len() - 1].to_owned(),
            format!("{text}0"),
            format!(" {text}"),
            text.replace("sps_", "SPS_"),
            format!("sps_{}", "ü".repeat(47)),
            format!("sps_{}", "z".repeat(94)),
            format!("sps_{}", "'".repeat(94)),
        ] {
            assert_eq!(PresentedKey::parse(&wrong), None, "{wrong}");
        }
    }

    #[test]
    fn k2_a_number_that_no_id_has_is_none_though_its_checksum_is_right() {
        let body = "z".repeat(88);
        let mut text = format!("sps_{body}");
        push_base62(&mut text, crc32fast::hash(body.as_bytes()).into(), 6);
        assert_eq!(PresentedKey::parse(&text), None);
    }

    #[test]
    fn what_begins_as_a_key_is_meant_as_one_and_nothing_else_is() {
        assert!(PresentedKey::is_meant("sps_") && PresentedKey::is_meant("sps_copied in part"));
        assert!(!PresentedKey::is_meant("sps") && !PresentedKey::is_meant("eyJ.sps_"));
    }
}
