//! Tests that any change to a token makes it worthless.

use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::contextualize_config;
use syft_space_domain::identity::ports::AccessTokens;
use syft_space_jwt::{JwtTokens, SigningAlgorithm};

use crate::support::{NOW, Seeded, at, claims, ring, settings, tokens};

struct Target {
    tokens: JwtTokens,
    token: String,
    other: String,
}

static TARGETS: LazyLock<Vec<Target>> = LazyLock::new(|| {
    SigningAlgorithm::ALL
        .into_iter()
        .map(|algorithm| {
            let tokens = tokens(ring(algorithm));
            let token = tokens.sign(&claims()).unwrap().expose().to_owned();
            let mut claims = claims();
            claims.expires_at = at(NOW + 1);
            let other = tokens.sign(&claims).unwrap().expose().to_owned();
            // Both are remembered: a changed token must not profit from that.
            assert!(tokens.verify(&token, at(NOW)).is_ok() && tokens.verify(&other, at(NOW)).is_ok());
            Target { tokens, token, other }
        })
        .collect()
});

fn refuses(target: &Target, changed: &str) -> bool {
    changed == target.token || changed == target.other || target.tokens.verify(changed, at(NOW)).is_err()
}

#[test]
fn k3_every_single_bit_of_a_token_counts() {
    for target in &*TARGETS {
        for at in 0..target.token.len() {
            for bit in 0..7 {
                let mut bytes = target.token.clone().into_bytes();
                bytes[at] ^= 1 << bit;
                let changed = String::from_utf8(bytes).unwrap();
                assert!(refuses(target, &changed), "byte {at}, bit {bit}");
            }
        }
    }
}

#[test]
fn k3_parts_of_two_good_tokens_make_no_third() {
    for target in &*TARGETS {
        let ours: Vec<&str> = target.token.split('.').collect();
        let theirs: Vec<&str> = target.other.split('.').collect();
        assert!(refuses(target, &[ours[0], ours[1], theirs[2]].join(".")));
        assert!(refuses(target, &[ours[0], theirs[1], ours[2]].join(".")));
        for foreign in &*TARGETS {
            let foreign: Vec<&str> = foreign.token.split('.').collect();
            assert!(refuses(target, &[foreign[0], ours[1], ours[2]].join(".")) || foreign[0] == ours[0]);
            assert!(refuses(target, &[ours[0], ours[1], foreign[2]].join(".")) || foreign[2] == ours[2]);
        }
    }
}

proptest! {
    #![proptest_config(contextualize_config(ProptestConfig::with_cases(2_000)))]

    #[test]
    fn k3_a_changed_character_anywhere_is_refused(which in 0..3usize, place: Index, character: char) {
        let target = &TARGETS[which];
        let mut changed: Vec<char> = target.token.chars().collect();
        let place = place.index(changed.len());
        changed[place] = character;
        prop_assert!(refuses(target, &changed.into_iter().collect::<String>()));
    }

    #[test]
    fn k3_a_piece_cut_out_doubled_or_moved_is_refused(which in 0..3usize, from: Index, to: Index, place: Index) {
        let target = &TARGETS[which];
        let token = &target.token;
        let (from, to) = (from.index(token.len() + 1), to.index(token.len() + 1));
        let (from, to) = (from.min(to), from.max(to));
        let without = format!("{}{}", &token[..from], &token[to..]);
        prop_assert!(refuses(target, &without));
        prop_assert!(refuses(target, &token[..to]));
        let place = place.index(token.len() + 1);
        let doubled = format!("{}{}{}", &token[..place], &token[from..to], &token[place..]);
        prop_assert!(refuses(target, &doubled));
    }

    #[test]
    fn any_text_is_refused_without_a_panic(text in ".{0,300}", parts in "[A-Za-z0-9_-]{0,80}\\.[A-Za-z0-9_-]{0,80}\\.[A-Za-z0-9_-]{0,80}") {
        for target in &*TARGETS {
            prop_assert!(target.tokens.verify(&text, at(NOW)).is_err());
            prop_assert!(target.tokens.verify(&parts, at(NOW)).is_err());
        }
    }

    #[test]
    fn a_remembered_token_ends_as_one_never_seen_before(times in prop::collection::vec(0..2_000u64, 1..20)) {
        let warm = tokens(ring(SigningAlgorithm::Hs256));
        let token = warm.sign(&claims()).unwrap();
        for seconds in times {
            let now = at(NOW - 1_000 + seconds);
            let cold = JwtTokens::new(ring(SigningAlgorithm::Hs256), settings(), &Seeded::new(9)).unwrap();
            prop_assert_eq!(warm.verify(token.expose(), now), cold.verify(token.expose(), now));
        }
    }
}
