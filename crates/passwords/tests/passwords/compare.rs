//! Tests that the right password is right, every other wrong, and the work the same.

use std::sync::Arc;

use futures_executor::block_on;
use syft_space_domain::identity::PasswordHash;
use syft_space_domain::identity::ports::{Compared, HashingError, Passwords};
use syft_space_domain::random::{Entropy, RandomError};
use syft_space_passwords::{Argon2Passwords, HashingSettings, HashingSettingsError};

use crate::support::{CLIENT, Outcome, cheap, compare, hash, password, passwords};

#[test]
fn a3_a_hash_is_argon2id_with_the_parameters_owasp_names() {
    let passwords = passwords(HashingSettings::default());
    let stored = hash(&passwords, "correct horse battery staple");
    let phc = stored.expose();
    assert!(phc.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{phc}");
    let salt = phc.split('$').nth(4).unwrap();
    assert_eq!(salt.len(), 22, "16 bytes in base64");
    assert_eq!(compare(&passwords, "correct horse battery staple", Some(&stored)), Ok(Outcome::Right));
    assert_eq!(compare(&passwords, "correct horse battery stable", Some(&stored)), Ok(Outcome::Wrong));
}

#[test]
fn a_hash_is_what_the_reference_implementation_makes() {
    // From the test suite of the reference implementation of Argon2 (argon2id, version 19, m=256, t=2, p=1).
    let stored = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
    let stored = PasswordHash::from_phc(stored.to_owned());
    let passwords = passwords(cheap());
    assert_eq!(compare(&passwords, "password", Some(&stored)), Ok(Outcome::RightAndRehashed));
    assert_eq!(compare(&passwords, "passwort", Some(&stored)), Ok(Outcome::Wrong));
}

#[test]
fn the_same_password_hashed_twice_differs() {
    let passwords = passwords(cheap());
    let one = hash(&passwords, "correct horse battery staple");
    let two = hash(&passwords, "correct horse battery staple");
    assert_ne!(one.expose(), two.expose());
    for stored in [one, two] {
        assert_eq!(compare(&passwords, "correct horse battery staple", Some(&stored)), Ok(Outcome::Right));
    }
}

#[test]
fn unknown_wrong_and_right_take_one_run_each() {
    let passwords = passwords(cheap());
    assert_eq!(passwords.hashes_done(), 0, "the start takes none");
    let stored = hash(&passwords, "correct horse battery staple");
    assert_eq!(passwords.hashes_done(), 1);
    assert_eq!(compare(&passwords, "correct horse battery staple", None), Ok(Outcome::Wrong));
    assert_eq!(passwords.hashes_done(), 2);
    assert_eq!(compare(&passwords, "wrong horse battery staple", Some(&stored)), Ok(Outcome::Wrong));
    assert_eq!(passwords.hashes_done(), 3);
    assert_eq!(compare(&passwords, "correct horse battery staple", Some(&stored)), Ok(Outcome::Right));
    assert_eq!(passwords.hashes_done(), 4);
}

#[test]
fn an_older_hash_is_replaced_when_its_password_is_right() {
    let older = hash(&passwords(cheap()), "correct horse battery staple");
    let now = passwords(HashingSettings { iterations: 2, ..cheap() });
    assert_eq!(compare(&now, "wrong horse battery staple", Some(&older)), Ok(Outcome::Wrong));
    assert_eq!(now.hashes_done(), 1, "a wrong password has no new hash");
    let right = block_on(now.compare(CLIENT, &password("correct horse battery staple"), Some(&older)));
    let Ok(Compared::Right { rehash: Some(newer) }) = right else { panic!("no new hash") };
    assert_eq!(now.hashes_done(), 3, "one to compare and one for the new hash");
    assert!(newer.expose().starts_with("$argon2id$v=19$m=8,t=2,p=1$"));
    assert_eq!(compare(&now, "correct horse battery staple", Some(&newer)), Ok(Outcome::Right));
}

#[test]
fn another_algorithm_version_or_length_is_replaced_too() {
    // Made with the reference implementation's test vectors for "password" and "somesalt".
    let passwords = passwords(HashingSettings { memory_kib: 256, iterations: 2, ..cheap() });
    for phc in [
        "$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$iekCn0Y3spW+sCcFanM2xBT63UP2sghkUoHLIUpWRS8",
        "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
    ] {
        let stored = PasswordHash::from_phc(phc.to_owned());
        assert_eq!(compare(&passwords, "password", Some(&stored)), Ok(Outcome::RightAndRehashed), "{phc}");
    }
}

#[test]
fn a3_nothing_of_a_password_is_cut_off() {
    let passwords = passwords(cheap());
    for (one, other) in [
        ("x".repeat(72) + "a", "x".repeat(72) + "b"),
        ("x".repeat(72), "x".repeat(73)),
        ("y".repeat(1023) + "a", "y".repeat(1023) + "b"),
        ("correct\0horse".to_owned(), "correct\0house".to_owned()),
        ("correct horse\0".to_owned(), "correct horse".to_owned()),
        ("correct horse ".to_owned(), "correct horse".to_owned()),
        ("Correct horse".to_owned(), "correct horse".to_owned()),
        (String::new(), "\0".to_owned()),
    ] {
        let stored = hash(&passwords, &one);
        assert_eq!(compare(&passwords, &one, Some(&stored)), Ok(Outcome::Right));
        assert_eq!(compare(&passwords, &other, Some(&stored)), Ok(Outcome::Wrong), "{one:?} and {other:?}");
    }
}

#[test]
fn what_is_no_hash_is_an_error_and_never_right() {
    let passwords = passwords(cheap());
    for phc in [
        "",
        "$",
        "password",
        "$argon2id$",
        "$argon2id$v=19$m=8,t=1,p=1",
        "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ",
        "$argon2id$v=19$m=8,t=1,p=1$$",
        "$argon2id$v=19$m=0,t=0,p=0$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        "$argon2id$v=19$m=8,t=1,p=999999999999$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        "$argon2id$v=19$m=4294967295,t=1,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        "$argon2id$v=99$m=8,t=1,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        "$argon2id$v=19$m=8,t=1,p=1$!!!!!!!!!!!$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        "$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW",
        "$argon2id\0$v=19",
        "\u{1f511}",
    ] {
        let stored = PasswordHash::from_phc(phc.to_owned());
        let ended = compare(&passwords, "correct horse battery staple", Some(&stored));
        assert!(matches!(ended, Err(HashingError::Failed(_))), "{phc}: {ended:?}");
    }
    assert!(compare(&passwords, "correct horse battery staple", None).is_ok(), "and the threads live on");
}

#[test]
fn without_randomness_nothing_is_hashed() {
    struct Broken;
    impl Entropy for Broken {
        fn fill(&self, _: &mut [u8]) -> Result<(), RandomError> {
            Err(RandomError("broken".to_owned()))
        }
    }
    let error = Argon2Passwords::new(cheap(), Arc::new(Broken)).err().unwrap();
    assert!(matches!(error, HashingSettingsError::Random(_)));
}

#[test]
fn settings_of_no_use_are_refused_with_a_reason() {
    for settings in [
        HashingSettings { memory_kib: 7, ..cheap() },
        HashingSettings { memory_kib: (1 << 20) + 8, ..cheap() },
        HashingSettings { iterations: 0, ..cheap() },
        HashingSettings { parallelism: 0, ..cheap() },
        HashingSettings { parallelism: 2, ..cheap() },
    ] {
        let error = settings_error(settings);
        assert!(matches!(error, HashingSettingsError::Parameters { .. }), "{error}");
        assert!(error.to_string().contains("19456 KiB, 2 and 1 are usual"));
    }
    assert!(matches!(
        settings_error(HashingSettings { threads: 0, ..cheap() }),
        HashingSettingsError::NoThreads
    ));
    let settings = HashingSettings::default();
    assert!(settings.threads >= 1 && settings.queue == 64);
}

fn settings_error(settings: HashingSettings) -> HashingSettingsError {
    Argon2Passwords::new(settings, Arc::new(crate::support::Counting::default())).err().unwrap()
}
