//! The suite of [`AccessTokens`].

use std::time::Duration;

use syft_space_domain::access::Role;
use syft_space_domain::identity::ports::AccessTokens;
use syft_space_domain::identity::{AccessClaims, TokenRefused};
use syft_space_domain::ids::TokenId;
use syft_space_domain::time::Timestamp;

use crate::check::{Check, checks, run_all};
use crate::fixture::TokensFactory;
use crate::sample::{account_id, email, session_id, tenant, tenant_id};

/// Every promise of [`AccessTokens`].
pub const CHECKS: &[Check<TokensFactory>] = checks![
    a1_a_token_says_what_was_signed,
    a1_a_token_is_refused_from_its_end_on,
    a1_a_token_is_refused_long_before_its_beginning,
    a1_a_token_that_was_changed_is_refused,
    a1_another_signers_token_is_refused,
    a1_what_is_no_token_is_refused,
    a2_a_token_of_another_kind_is_left_to_others,
];

/// Checks every promise.
pub fn suite(make: &TokensFactory) {
    run_all("the signer of tokens", CHECKS, make);
}

pub(crate) const ISSUED_AT: Timestamp = Timestamp::from_unix_micros(1_764_000_000_000_000);

pub(crate) fn claims(tokens: &dyn AccessTokens, n: u8) -> AccessClaims {
    AccessClaims {
        account: account_id(n.into()),
        email: email(n.into()),
        tenant: tenant_id(n.into()),
        tenant_name: tenant(n.into()).name,
        role: Role::Admin,
        session: session_id(u64::from(n)),
        id: TokenId::from_bytes([n; 16]),
        issued_at: ISSUED_AT,
        expires_at: ISSUED_AT.plus(tokens.lifetime()),
    }
}

pub(crate) fn sign(tokens: &dyn AccessTokens, claims: &AccessClaims) -> String {
    tokens.sign(claims).expect("a token is signed").expose().to_owned()
}

/// Checks every claim and every role, over the whole lifetime.
pub fn a1_a_token_says_what_was_signed(make: &TokensFactory) {
    let tokens = make();
    assert!(tokens.lifetime() >= Duration::from_secs(1), "a token lives for a time");
    for (n, role) in (1..).zip(Role::ALL) {
        let signed = AccessClaims { role, ..claims(&*tokens, n) };
        let token = sign(&*tokens, &signed);
        let last = Timestamp::from_unix_micros(signed.expires_at.as_unix_micros() - 1);
        for now in [ISSUED_AT, last] {
            assert_eq!(tokens.verify(&token, now).as_ref(), Ok(&signed), "a token says what was signed");
        }
        assert!(token.is_ascii() && !token.contains(char::is_whitespace), "a token fits into a header");
    }
}

/// The expiry is exact to the microsecond.
pub fn a1_a_token_is_refused_from_its_end_on(make: &TokensFactory) {
    let tokens = make();
    let signed = claims(&*tokens, 1);
    let token = sign(&*tokens, &signed);
    for late in [Duration::ZERO, Duration::from_micros(1), Duration::from_secs(100 * 365 * 86_400)] {
        let outcome = tokens.verify(&token, signed.expires_at.plus(late));
        assert!(outcome.is_err(), "a token is refused {late:?} after its end");
    }
}

/// Checks one day. The signer decides how much clock skew it allows.
pub fn a1_a_token_is_refused_long_before_its_beginning(make: &TokensFactory) {
    let tokens = make();
    let issued_at = ISSUED_AT.plus(Duration::from_secs(86_400));
    let signed =
        AccessClaims { issued_at, expires_at: issued_at.plus(tokens.lifetime()), ..claims(&*tokens, 1) };
    let token = sign(&*tokens, &signed);
    assert!(tokens.verify(&token, ISSUED_AT).is_err(), "a token is refused a day before its beginning");
    assert_eq!(tokens.verify(&token, issued_at), Ok(signed), "and not at its beginning");
}

/// Checks a change of every character.
pub fn a1_a_token_that_was_changed_is_refused(make: &TokensFactory) {
    let tokens = make();
    let [token, other] = [1, 2].map(|n| sign(&*tokens, &claims(&*tokens, n)));
    let refused = |changed: &str, how: &str| {
        assert!(tokens.verify(changed, ISSUED_AT).is_err(), "a token is refused {how}: {changed}");
    };
    for (at, old) in token.char_indices() {
        for new in ['A', 'z', '0', '-', '.'].into_iter().filter(|new| *new != old) {
            let (before, after) =
                (token.get(..at).unwrap_or_default(), token.get(at + 1..).unwrap_or_default());
            refused(&format!("{before}{new}{after}"), "with another character");
            refused(&format!("{before}{after}"), "without a character");
            refused(&format!("{before}{new}{old}{after}"), "with one character more");
        }
    }
    for part in [" ", "\n", "=", ".", "\0", "a"] {
        refused(&format!("{token}{part}"), "with something behind it");
        refused(&format!("{part}{token}"), "with something before it");
    }
    refused(&format!("{token}{token}"), "twice");
    for (at, _) in token.match_indices('.') {
        let (front, back) =
            (token.get(..at).unwrap_or_default(), other.rsplit_once('.').unwrap_or_default().1);
        refused(&format!("{front}.{back}"), "with another token's end");
    }
    assert!(tokens.verify(&token, ISSUED_AT).is_ok(), "the token itself is still accepted");
}

/// The claims are the same.
pub fn a1_another_signers_token_is_refused(make: &TokensFactory) {
    let [tokens, others] = [make(), make()];
    let token = sign(&*others, &claims(&*others, 1));
    assert!(others.verify(&token, ISSUED_AT).is_ok(), "a signer accepts its own token");
    assert!(tokens.verify(&token, ISSUED_AT).is_err(), "another signer's token is refused");
}

/// Checks empty, malformed, unsigned and very long texts.
pub fn a1_what_is_no_token_is_refused(make: &TokensFactory) {
    let tokens = make();
    let long = "a".repeat(1 << 20);
    let unsigned = "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.";
    for text in ["", " ", ".", "..", "...", "a.b.c", "null", "{}", "\u{1f980}", unsigned, &long] {
        let shown = text.get(..40).unwrap_or(text);
        assert!(tokens.verify(text, ISSUED_AT).is_err(), "what is no token is refused: {shown:?}");
    }
}

/// A hub's token, for example: its verifier is called only when this signer answers `WrongKind`.
pub fn a2_a_token_of_another_kind_is_left_to_others(make: &TokensFactory) {
    const HEADER: &str = "eyJhbGciOiJSUzI1NiIsImtpZCI6Imh1Yi1rZXktMSIsInR5cCI6IkpXVCJ9";
    const CLAIMS: &str = "eyJzdWIiOiIyIiwiaXNzIjoiaHR0cHM6Ly9odWIuc3lmdC5jb20ifQ";
    let token = format!("{HEADER}.{CLAIMS}.AAAA");
    let verdict = make().verify(&token, ISSUED_AT);
    assert_eq!(verdict, Err(TokenRefused::WrongKind), "a token of another kind is left to others");
}
