//! Tests that passwords that people choose are refused, and no others.

use std::sync::LazyLock;

use proptest::prelude::*;
use syft_space_domain::identity::PasswordError;
use syft_space_domain::identity::ports::Passwords;
use syft_space_passwords::Argon2Passwords;

use crate::support::{cheap, password, passwords};

const CONTEXT: [&str; 2] = ["acme-research", "alice.liddell@wonderland.example"];

static PASSWORDS: LazyLock<Argon2Passwords> = LazyLock::new(|| passwords(cheap()));

/// Words that a passphrase generator might pick.
const WORDS: [&str; 48] = [
    "orbit", "velvet", "canyon", "ladder", "pepper", "marble", "thunder", "puzzle", "walnut", "mirror",
    "blanket", "harbor", "cactus", "lantern", "saddle", "tunnel", "feather", "bishop", "copper", "magnet",
    "anchor", "meadow", "rocket", "silver", "pocket", "bridge", "dragon", "monkey", "shadow", "summer",
    "winter", "orange", "horse", "battery", "staple", "correct", "flower", "cookie", "tiger", "purple",
    "garden", "window", "castle", "forest", "guitar", "hammer", "island", "jacket",
];

fn refused(text: &str) -> bool {
    PASSWORDS.check(&password(text), &CONTEXT) == Err(PasswordError::Guessable)
}

#[test]
fn a3_common_passwords_and_their_usual_disguises_are_refused() {
    for text in [
        "passwordpassword",
        "password1234567",
        "PASSWORD1234567",
        "P@ssw0rdP@ssw0rd",
        "Password123!Password123!",
        "Password1Password2",
        "1234567password",
        "passwordpasswordpassword",
        "aaaaaaaaaaaaaaa",
        "aaaaaaaaaaaaaab",
        "abababababababab",
        "abcabcabcabcabc",
        "123456789012345",
        "098765432109876",
        "111111111111111",
        "000000000000000",
        "qwertyuiopasdfgh",
        "qwertyuiopasdfghjkl",
        "1qaz2wsx3edc4rfv",
        "abcdefghijklmno",
        "zyxwvutsrqponml",
        "abcdefg12345678",
        "iloveyou1234567",
        "letmeinletmein123!",
        "Summer2024Summer2024",
        "monkeymonkeymonkey",
        "dragon!!!!!!!!!!",
        "----------------",
        "               ",
        "manchesterunited",
        "dr4g0ndr4g0n!!!",
        "$un5h1n3$un5h1n3",
        "5uperm4n5uperm4n",
        "b4ttl3f13ld-1234",
        "m0nk3y-m0nk3y-77",
        "\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}",
    ] {
        assert!(refused(text), "{text}: {}", PASSWORDS.guess_bits(&password(text), &CONTEXT));
    }
    assert!(refused(&"a".repeat(1024)));
    assert!(refused(&"password".repeat(100)));
}

#[test]
fn a3_passwords_made_of_the_callers_own_names_are_refused() {
    for text in [
        "alice.liddell@wonderland.example",
        "alice.liddell@wonderland.example1",
        "aliceliddell2024",
        "Alice-Liddell-1!",
        "wonderland123456",
        "acme-research-42",
        "ACMEresearchACME",
        "syftspace-acme-1",
        "SyftSpaceSyftSpace",
        "syft space alice",
        "openmined-openmined",
        "0p3nM1n3d-2026!",
        "$yft-$p4c3-2026!",
        "SyftHub-SyftBox",
        "4l1c3.L1dd3ll99",
        "a1ice.1idde11-77",
        "w0nd3r1@nd-2026",
        "4cm3-r3s34rch-42",
    ] {
        assert!(refused(text), "{text}: {}", PASSWORDS.guess_bits(&password(text), &CONTEXT));
    }
    let unknown = password("wonderland-rhubarb-liddell");
    assert!(PASSWORDS.guess_bits(&unknown, &CONTEXT) < PASSWORDS.guess_bits(&unknown, &[]));
    assert_eq!(PASSWORDS.check(&unknown, &CONTEXT), Ok(()), "a name among other words is no harm");
}

#[test]
fn a3_every_listed_password_is_refused_however_padded() {
    let list = include_str!("../../data/common-passwords.txt");
    for common in list.lines() {
        assert!(refused(common), "{common}");
    }
    for common in list.lines().step_by(10) {
        for text in [
            format!("{common}{common}"),
            format!("{common}1234567890"),
            format!("11111{}!!!!!", common.to_uppercase()),
        ] {
            assert!(refused(&text), "{text}");
        }
    }
}

#[test]
fn a3_passphrases_are_not_refused() {
    for text in [
        "correct horse battery staple",
        "correcthorsebatterystaple",
        "Correct-Horse-Battery-Staple",
        "the walrus ate my bicycle",
        "velvet canyon thunder",
        "meine oma fährt motorrad",
        "пять тёмных кошек спят",
        "正确的马电池订书钉正确吗你说呢",
        "7f9c2ba4e88f827d616045507605853e",
        "kX9#mQ2$vL5!pR8",
        "alice met syft in space, then left for mars",
    ] {
        assert!(!refused(text), "{text}: {}", PASSWORDS.guess_bits(&password(text), &CONTEXT));
    }
}

#[test]
fn a3_random_digits_are_seldom_refused() {
    // A linear congruential generator (Knuth's constants), so that each run sees the same ones.
    let mut state: u64 = 42;
    let mut digits = || {
        let mut text = String::new();
        for _ in 0..15 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            text.push(char::from(b'0' + u8::try_from((state >> 33) % 10).unwrap()));
        }
        text
    };
    let refusals = (0..10_000).filter(|_| refused(&digits())).count();
    assert!(refusals <= 50, "{refusals} of 10,000");
}

#[test]
fn the_check_takes_a_bounded_time_per_character() {
    // The longest password there is, of the kinds that are most work: copies, beginnings of many words, rows.
    for text in ["a".repeat(1024), "passwor".repeat(146), "qwertyuio".repeat(113), "ab1".repeat(341)] {
        assert!(PASSWORDS.guess_bits(&password(&text), &CONTEXT) < 1_000);
    }
    assert_eq!(PASSWORDS.guess_bits(&password(""), &CONTEXT), 0);
}

proptest! {
    #[test]
    fn a3_random_text_is_never_refused(text in "[!-~]{15,40}", letters in "[a-z]{15}", hex in "[0-9a-f]{20}") {
            prop_assert!(!refused(&text), "{}", text);
        prop_assert!(!refused(&letters), "{}", letters);
        prop_assert!(!refused(&hex), "{}", hex);
    }

    #[test]
    fn a3_four_different_words_are_never_refused(
        words in prop::sample::subsequence(&WORDS[..], 4).prop_shuffle(),
        between in prop::sample::select(vec!["", " ", "-", "."]),
    ) {
            let text = words.join(between);
        prop_assert!(!refused(&text), "{}", text);
    }

    #[test]
    fn any_text_and_context_is_taken_without_a_panic(text in "\\PC{0,80}", context in "\\PC{0,40}") {
            let bits = PASSWORDS.guess_bits(&password(&text), &[&context]);
        prop_assert!(bits <= PASSWORDS.guess_bits(&password(&text), &[]));
    }
}
