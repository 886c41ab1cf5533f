//! Tests of sealed values, and of what opens them.

use std::sync::Arc;

use proptest::prelude::*;
use syft_space_conformance::sample::scope;
use syft_space_conformance::sealing;
use syft_space_domain::ids::TenantId;
use syft_space_domain::random::{Entropy, RandomError};
use syft_space_domain::sealing::{AssociatedData, Sealed, Sealer, Unsealable};
use syft_space_domain::secret::Secret;
use syft_space_domain::tenant::TenantScope;
use syft_space_secrets::XChaChaSealer;

use crate::support::{key, sealer};

const ASSOCIATED_DATA: AssociatedData =
    AssociatedData { table: "marketplaces", column: "credential", row: [7; 16] };

fn seal(sealer: &XChaChaSealer, plain: &[u8]) -> Sealed {
    sealer.seal(&scope(1), &ASSOCIATED_DATA, &Secret::new(plain.to_vec())).unwrap()
}

fn open(sealer: &XChaChaSealer, sealed: &Sealed) -> Result<Vec<u8>, Unsealable> {
    sealer.open(&scope(1), &ASSOCIATED_DATA, sealed).map(|plain| plain.expose().clone())
}

#[test]
fn k18_the_sealer_keeps_its_promises() {
    sealing::suite(&|| Box::new(sealer(key())));
}

#[test]
fn f12_a_sealed_value_is_version_key_id_nonce_ciphertext_and_tag() {
    let key = key();
    let id = key.id();
    let sealer = sealer(key);
    for length in [0, 1, 1_000] {
        let sealed = seal(&sealer, &vec![b'x'; length]);
        let bytes = sealed.as_bytes();
        assert_eq!(bytes.len(), 1 + 16 + 24 + length + 16);
        assert_eq!(bytes[0], 1);
        assert_eq!(bytes[1..17].iter().map(|byte| format!("{byte:02x}")).collect::<String>(), id);
    }
}

/// Gives the same bytes whatever is asked.
struct FixedEntropy(u8);

impl Entropy for FixedEntropy {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), RandomError> {
        buffer.fill(self.0);
        Ok(())
    }
}

struct NoEntropy;

impl Entropy for NoEntropy {
    fn fill(&self, _: &mut [u8]) -> Result<(), RandomError> {
        Err(RandomError("it is dry".to_owned()))
    }
}

#[test]
fn f12_without_randomness_nothing_is_sealed() {
    let sealer = XChaChaSealer::new(key(), Arc::new(NoEntropy));
    let refused = sealer.seal(&scope(1), &ASSOCIATED_DATA, &Secret::new(b"x".to_vec()));
    assert!(refused.unwrap_err().0.contains("it is dry"));
}

#[test]
fn f12_each_tenant_has_a_key_of_its_own() {
    let sealer = XChaChaSealer::new(key(), Arc::new(FixedEntropy(3)));
    let plain = Secret::new(vec![0; 64]);
    let [one, other] = [1, 2].map(|n| sealer.seal(&scope(n), &ASSOCIATED_DATA, &plain).unwrap());
    let [one, other] = [&one, &other].map(|sealed| &sealed.as_bytes()[41..105]);
    assert_ne!(one, other, "with the same nonce and value, the keystreams are those of two keys");
}

proptest! {
    #[test]
    fn what_was_sealed_is_opened_in_its_place(
        plain in prop::collection::vec(any::<u8>(), 0..2_000), tenant: [u8; 16], row: [u8; 16],
    ) {
        let sealer = sealer(key());
        let scope = TenantScope::assume(TenantId::from_bytes(tenant), "a test plays every tenant");
        let associated_data = AssociatedData { row, ..ASSOCIATED_DATA };
        let sealed = sealer.seal(&scope, &associated_data, &Secret::new(plain.clone())).unwrap();
        let opened = sealer.open(&scope, &associated_data, &sealed);
        prop_assert_eq!(opened.ok().map(|plain| plain.expose().clone()), Some(plain));
    }

    #[test]
    fn k18_any_other_bytes_need_a_new_value(
        flips in prop::collection::vec((any::<prop::sample::Index>(), 1..=255_u8), 1..8), plain in "[a-z]{0,40}",
    ) {
        let sealer = sealer(key());
        let sealed = seal(&sealer, plain.as_bytes());
        let mut bytes = sealed.as_bytes().to_vec();
        for (at, flip) in flips {
            let at = at.index(bytes.len());
            bytes[at] ^= flip;
        }
        prop_assume!(bytes != sealed.as_bytes());
        prop_assert_eq!(open(&sealer, &Sealed::from_bytes(bytes)), Err(Unsealable));
        prop_assert_eq!(open(&sealer, &sealed), Ok(plain.into_bytes()));
    }
}
