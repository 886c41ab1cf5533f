//! Whose limit it is, in 16 bytes that name nobody.

use std::hash::{Hash, Hasher};

/// Whose limit it is: four bytes of the tenant's id, four of the policy's, and eight of a digest of the policy, the scope and the
/// caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LimitKey([u8; 16]);

impl LimitKey {
    /// The key of a tenant's and a policy's id, of which the last bytes are taken, for those are random, and of a digest.
    #[must_use]
    pub fn new(tenant: &[u8; 16], policy: &[u8; 16], digest: &[u8; 32]) -> Self {
        let [.., a, b, c, d] = *tenant;
        let [.., e, f, g, h] = *policy;
        let [i, j, k, l, m, n, o, p, ..] = *digest;
        Self([a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p])
    }

    /// The key whose 16 bytes these are.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The key as its 16 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// The bytes that tell the tenant.
    pub(super) fn tenant(&self) -> [u8; 4] {
        let [a, b, c, d, ..] = self.0;
        [a, b, c, d]
    }

    /// The bytes that tell the tenant and the policy.
    pub(super) fn policy(&self) -> [u8; 8] {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        [a, b, c, d, e, f, g, h]
    }

    /// The key that those keys of its policy share for which there is no room. No digest is like it.
    pub(super) fn shared(&self) -> Self {
        let ([a, b, c, d, e, f, g, h], s) = (self.policy(), 0xff);
        Self([a, b, c, d, e, f, g, h, s, s, s, s, s, s, s, s])
    }

    pub(super) fn is_shared(&self) -> bool {
        *self == self.shared()
    }

    /// A number by which keys spread evenly over so many parts.
    pub(super) fn part(&self, parts: usize) -> usize {
        let [_, _, _, _, _, _, _, a, .., b] = self.0;
        usize::from(a ^ b).checked_rem(parts).unwrap_or(0)
    }
}

impl Hash for LimitKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = self.0;
        let halves = [[a, b, c, d, e, f, g, h], [i, j, k, l, m, n, o, p]].map(u64::from_le_bytes);
        let [one, other] = halves;
        state.write_u64(one.rotate_left(32) ^ other);
    }
}

/// Takes the number that a [`LimitKey`] gives it for its hash: that is random already, and no caller chooses it.
#[derive(Default)]
pub(super) struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, number: u64) {
        // Spread upwards, for a table looks at both ends of it.
        self.0 = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}
