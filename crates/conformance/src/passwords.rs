//! The suite of [`Passwords`].

use futures_executor::block_on;
use syft_space_domain::identity::ports::{Compared, HashingClient, HashingError, Passwords};
use syft_space_domain::identity::{Password, PasswordError, PasswordHash};
use syft_space_domain::secret::Secret;

use crate::check::{Check, checks, run_all};
use crate::fixture::PasswordsFactory;

/// Who asks.
const CLIENT: HashingClient = HashingClient { address: None, has_logged_in: false };

/// Every promise of [`Passwords`].
pub const CHECKS: &[Check<PasswordsFactory>] = checks![
    a3_only_the_right_password_is_right,
    a3_every_byte_of_a_password_counts,
    a3_a_hash_tells_nothing,
    a3_without_a_stored_hash_a_password_is_wrong,
    what_is_no_hash_is_an_error,
    a3_easily_guessed_passwords_are_refused,
];

/// Checks every promise.
pub fn suite(make: &PasswordsFactory) {
    run_all("the hasher of passwords", CHECKS, make);
}

fn password(text: &str) -> Password {
    Password::parse(&Secret::new(text.to_owned())).expect("a valid password")
}

#[track_caller]
fn hash(passwords: &dyn Passwords, text: &str) -> PasswordHash {
    block_on(passwords.hash(CLIENT, &password(text))).expect("a password is hashed")
}

/// Whether a password is right; `None` when it is right and needs a new hash.
#[track_caller]
fn is_right(passwords: &dyn Passwords, text: &str, stored: Option<&PasswordHash>) -> Option<bool> {
    match block_on(passwords.compare(CLIENT, &password(text), stored)).expect("passwords are compared") {
        Compared::Wrong => Some(false),
        Compared::Right { rehash: None } => Some(true),
        Compared::Right { rehash: Some(_) } => None,
    }
}

/// A new hash needs no rehash.
pub fn a3_only_the_right_password_is_right(make: &PasswordsFactory) {
    let passwords = make();
    let stored = hash(&*passwords, "an unrelated set of words");
    assert_eq!(
        is_right(&*passwords, "an unrelated set of words", Some(&stored)),
        Some(true),
        "the right one is right"
    );
    for other in ["an unrelated set of word", "an unrelated set of words ", "An unrelated set of words"] {
        assert_eq!(is_right(&*passwords, other, Some(&stored)), Some(false), "{other:?} is another password");
    }
}

/// Checks the last byte of a long password, and the bytes after a NUL.
pub fn a3_every_byte_of_a_password_counts(make: &PasswordsFactory) {
    let passwords = make();
    let long = "x".repeat(Password::MAX_BYTES - 1);
    for (one, other) in [
        (format!("{long}1"), format!("{long}2")),
        ("before\0after nine".to_owned(), "before\0after ten.".to_owned()),
    ] {
        let stored = hash(&*passwords, &one);
        assert_eq!(
            is_right(&*passwords, &one, Some(&stored)),
            Some(true),
            "a long or strange password is right"
        );
        assert_eq!(
            is_right(&*passwords, &other, Some(&stored)),
            Some(false),
            "every byte of a password counts"
        );
    }
}

/// A hash reveals neither the password nor that two passwords are equal.
pub fn a3_a_hash_tells_nothing(make: &PasswordsFactory) {
    let passwords = make();
    let [one, other] = ["an unrelated set of words"; 2].map(|text| hash(&*passwords, text));
    assert!(!one.expose().contains("unrelated"), "a hash does not hold the password");
    assert_ne!(one.expose(), other.expose(), "the same password has another hash each time");
}

/// Any password is wrong for an unknown account.
pub fn a3_without_a_stored_hash_a_password_is_wrong(make: &PasswordsFactory) {
    let passwords = make();
    assert_eq!(
        is_right(&*passwords, "an unrelated set of words", None),
        Some(false),
        "who is unknown has no password"
    );
}

/// An invalid hash is a failure, not a wrong password.
pub fn what_is_no_hash_is_an_error(make: &PasswordsFactory) {
    let passwords = make();
    for stored in ["", "an unrelated set of words", "$", "$unknown$v=1$c2FsdA$aGFzaA"] {
        let stored = PasswordHash::from_phc(stored.to_owned());
        let outcome =
            block_on(passwords.compare(CLIENT, &password("an unrelated set of words"), Some(&stored)));
        assert!(matches!(outcome, Err(HashingError::Failed(_))), "what is no hash is an error");
    }
}

/// Refuses common passwords and the caller's own names, and no others.
pub fn a3_easily_guessed_passwords_are_refused(make: &PasswordsFactory) {
    let passwords = make();
    let context = ["harbor-archive-north", "person-1@example.org"];
    let check = |text: &str| passwords.check(&password(text), &context);
    for guess in ["passwordpassword", "123456789012345", context[0], context[1]] {
        assert_eq!(check(guess), Err(PasswordError::Guessable), "{guess:?} is easily guessed");
    }
    assert_eq!(check("an unrelated set of words"), Ok(()), "a few unrelated words are a good password");
}
