//! Tests that a token is remembered for as long as it holds, and no token for another.

use std::sync::Arc;
use std::thread;

use syft_space_domain::identity::TokenRefused;
use syft_space_domain::identity::ports::AccessTokens;
use syft_space_domain::ids::TokenId;
use syft_space_jwt::{JwtTokens, SigningAlgorithm, TokenSettings};

use crate::support::{LIFETIME, NOW, Seeded, at, claims, ring, settings, tokens};

#[test]
fn a_remembered_token_is_refused_from_exp_on_and_stays_refused() {
    let tokens = tokens(ring(SigningAlgorithm::EdDsa));
    let token = tokens.sign(&claims()).unwrap();
    for _ in 0..3 {
        assert_eq!(tokens.verify(token.expose(), at(NOW)), Ok(claims()));
    }
    for _ in 0..3 {
        assert_eq!(tokens.verify(token.expose(), at(NOW + LIFETIME)), Err(TokenRefused::Expired));
    }
}

#[test]
fn with_no_memory_each_token_is_verified_each_time() {
    let settings = TokenSettings { cached: 0, ..settings() };
    let tokens = JwtTokens::new(ring(SigningAlgorithm::Hs256), settings, &Seeded::new(2)).unwrap();
    let token = tokens.sign(&claims()).unwrap();
    for _ in 0..3 {
        assert_eq!(tokens.verify(token.expose(), at(NOW)), Ok(claims()));
    }
    assert_eq!(tokens.verify(token.expose(), at(NOW + LIFETIME)), Err(TokenRefused::Expired));
}

#[test]
fn threads_each_get_the_claims_of_their_own_token() {
    let settings = TokenSettings { cached: 4, ..settings() };
    let tokens = Arc::new(JwtTokens::new(ring(SigningAlgorithm::Hs256), settings, &Seeded::new(2)).unwrap());
    let threads: Vec<_> = (0..8)
        .map(|seed| {
            let tokens = Arc::clone(&tokens);
            thread::spawn(move || {
                let mut mine = claims();
                mine.id = TokenId::generate(at(NOW), &Seeded::new(1000 + seed)).unwrap();
                let token = tokens.sign(&mine).unwrap();
                for _ in 0..200 {
                    assert_eq!(tokens.verify(token.expose(), at(NOW)).as_ref(), Ok(&mine));
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
}
