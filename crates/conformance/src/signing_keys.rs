//! The suite of [`SigningKeys`].

use std::collections::BTreeSet;

use futures_executor::block_on;
use syft_space_domain::identity::ports::SigningKeys;
use syft_space_domain::identity::{PreviousKeys, SigningKey, SigningKeysError, TokenRefused};
use syft_space_domain::time::Timestamp;

use crate::check::{Check, checks, run_all};
use crate::fixture::SigningKeysFactory;
use crate::tokens::{ISSUED_AT, claims, sign};

/// Every promise of [`SigningKeys`].
pub const CHECKS: &[Check<SigningKeysFactory>] = checks![
    k2_a_new_key_signs_and_the_one_before_is_accepted_until_its_tokens_expire,
    k2_tokens_of_revoked_keys_are_refused_at_once,
    k2_only_so_many_keys_are_accepted_and_a_leak_can_always_be_ended,
    k2_a_made_key_is_unrecorded_until_its_event_is_written,
];

/// Checks every promise.
pub fn suite(make: &SigningKeysFactory) {
    run_all("the keeper of signing keys", CHECKS, make);
}

fn rotate(keys: &dyn SigningKeys, previous: PreviousKeys) -> Result<SigningKey, SigningKeysError> {
    block_on(keys.rotate(previous, ISSUED_AT))
}

fn ids(keys: &dyn SigningKeys, now: Timestamp) -> Vec<String> {
    keys.keys(now).into_iter().map(|key| key.id).collect()
}

/// What was signed before a rotation holds as long as it would have without.
pub fn k2_a_new_key_signs_and_the_one_before_is_accepted_until_its_tokens_expire(make: &SigningKeysFactory) {
    let (tokens, keys) = make();
    let first = ids(&*keys, ISSUED_AT);
    assert_eq!(first.len(), 1, "one key signs at first");
    let before = sign(&*tokens, &claims(&*tokens, 1));
    let made = rotate(&*keys, PreviousKeys::Overlap).expect("a key is made");
    assert_eq!((made.accepted_until, made.created_at), (None, ISSUED_AT), "it signs from now on");
    let after = sign(&*tokens, &claims(&*tokens, 2));
    let expires_at = claims(&*tokens, 1).expires_at;
    let last = Timestamp::from_unix_micros(expires_at.as_unix_micros() - 1);
    for token in [&before, &after] {
        assert!(tokens.verify(token, last).is_ok(), "a token holds until it expires");
    }
    assert_eq!(ids(&*keys, last), [made.id.clone(), first.concat()], "the key that signs is the first");
    let much_later = expires_at.plus(tokens.lifetime());
    assert_eq!(ids(&*keys, much_later), [&*made.id], "a key whose time is over is not accepted");
    block_on(keys.forget_expired(much_later)).expect("keys are forgotten");
    assert_eq!(ids(&*keys, ISSUED_AT), [made.id], "what was forgotten does not come back");
}

/// Nothing that a leaked key has signed, or signs, is good any more.
pub fn k2_tokens_of_revoked_keys_are_refused_at_once(make: &SigningKeysFactory) {
    let (tokens, keys) = make();
    let oldest = sign(&*tokens, &claims(&*tokens, 1));
    rotate(&*keys, PreviousKeys::Overlap).expect("a key is made");
    let before = sign(&*tokens, &claims(&*tokens, 2));
    let made = rotate(&*keys, PreviousKeys::Revoke).expect("a key is made");
    for token in [&oldest, &before] {
        assert_eq!(tokens.verify(token, ISSUED_AT), Err(TokenRefused::UnknownKey), "its key was revoked");
    }
    assert_eq!(ids(&*keys, ISSUED_AT), [made.id], "no revoked key is there");
    let after = sign(&*tokens, &claims(&*tokens, 3));
    assert!(tokens.verify(&after, ISSUED_AT).is_ok(), "the new key signs");
}

/// Their number is bounded, for each token's key is looked for among them.
pub fn k2_only_so_many_keys_are_accepted_and_a_leak_can_always_be_ended(make: &SigningKeysFactory) {
    let (tokens, keys) = make();
    let first = sign(&*tokens, &claims(&*tokens, 1));
    let refused = (0..100).find_map(|_| rotate(&*keys, PreviousKeys::Overlap).err());
    let accepted = keys.keys(ISSUED_AT).len();
    assert_eq!(refused, Some(SigningKeysError::TooMany(accepted)), "there is a bound");
    assert!(tokens.verify(&first, ISSUED_AT).is_ok(), "no key makes room for another");
    rotate(&*keys, PreviousKeys::Revoke).expect("revoking takes no room");
    assert_eq!(keys.keys(ISSUED_AT).len(), 1, "one key is left");
}

/// Of each key that was made there is an event, also when the process ended before it was written.
pub fn k2_a_made_key_is_unrecorded_until_its_event_is_written(make: &SigningKeysFactory) {
    let (_, keys) = make();
    assert!(keys.unrecorded().is_empty(), "nobody made the key that was there at first");
    let [second, third] = [(); 2].map(|()| rotate(&*keys, PreviousKeys::Overlap).expect("a key is made").id);
    let unrecorded = || keys.unrecorded().into_iter().collect::<BTreeSet<_>>();
    assert_eq!(unrecorded(), [second.clone(), third.clone()].into(), "each that was made is unrecorded");
    for id in [&*second, &*second, "another"] {
        block_on(keys.set_recorded(id)).expect("it is noted, as often as it is said");
    }
    assert_eq!(unrecorded(), [third.clone()].into(), "the other one is unrecorded still");
    block_on(keys.set_recorded(&third)).expect("it is noted");
    assert!(keys.unrecorded().is_empty(), "all are recorded");
}
