//! Tests that any change to a token makes it worthless.

use std::io::Write;
use std::sync::{Arc, LazyLock};

use proptest::prelude::*;
use proptest::test_runner::contextualize_config;
use serde_json::json;
use syft_space_domain::marketplace::SatelliteRefused;
use syft_space_syfthub::SyftHubTokens;
use tokio::runtime::Runtime;

use crate::mutants::{good, mutant};
use crate::support::{FakeHub, ISSUER, KID, NOW, OURS, tokens, verify};

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

/// A verifier that remembers the good token: a changed one must not profit from that.
static TOKENS: LazyLock<Arc<SyftHubTokens>> = LazyLock::new(|| {
    let tokens = tokens(&FakeHub::showing(vec![OURS.shown(KID)]));
    assert!(RUNTIME.block_on(verify(&tokens, &good(), NOW)).is_ok());
    tokens
});

fn refusal(token: &str) -> Option<SatelliteRefused> {
    RUNTIME.block_on(verify(&TOKENS, token, NOW)).err()
}

#[test]
fn k3_every_single_bit_of_a_token_counts() {
    let good = good();
    for at in 0..good.len() {
        for bit in 0..7 {
            let mut bytes = good.clone().into_bytes();
            bytes[at] ^= 1 << bit;
            let changed = String::from_utf8(bytes).unwrap();
            assert!(refusal(&changed).is_some(), "byte {at}, bit {bit}");
        }
    }
    assert_eq!(refusal(&good), None);
}

proptest! {
    #![proptest_config(contextualize_config(ProptestConfig::with_cases(2_000)))]

    #[test]
    fn k3_no_changed_token_is_accepted(seed: u64) {
        let mutant = mutant(seed);
        prop_assert!(
            mutant.token == good() || refusal(&mutant.token).is_some(),
            "{}: {}", mutant.kind, mutant.token
        );
    }

    #[test]
    fn any_text_is_refused_without_a_panic(text in ".{0,300}", parts in "[A-Za-z0-9_-]{0,80}\\.[A-Za-z0-9_-]{0,80}\\.[A-Za-z0-9_-]{0,80}") {
        prop_assert!(refusal(&text).is_some() && refusal(&parts).is_some());
    }
}

/// With `SYFT_SPACE_PROVE_EXPORT` the sample is written to that file, with our verdicts, for other verifiers to judge.
#[test]
fn a_sample_of_changed_tokens_is_refused_and_holds_every_kind() {
    let mut lines = vec![json!({
        "issuer": ISSUER, "audience": "spaceowner", "now": NOW, "keys": [OURS.shown(KID)],
    })];
    let mut kinds = std::collections::BTreeSet::new();
    let ours = |token: &str| refusal(token).is_none();
    lines.push(json!({"kind": "unchanged", "token": good(), "ours": ours(&good()), "by_our_rules": false}));
    for seed in 0..5_000 {
        let mutant = mutant(seed);
        let ours = ours(&mutant.token);
        assert_eq!(ours, mutant.token == good(), "{}: {}", mutant.kind, mutant.token);
        kinds.insert(mutant.kind);
        lines.push(json!({
            "kind": mutant.kind, "token": mutant.token, "ours": ours, "by_our_rules": mutant.by_our_rules,
        }));
    }
    assert_eq!(kinds.len(), 17, "{kinds:?}");
    if let Some(path) = std::env::var_os("SYFT_SPACE_PROVE_EXPORT") {
        let mut file = std::fs::File::create(path).unwrap();
        for line in lines {
            writeln!(file, "{line}").unwrap();
        }
    }
}
