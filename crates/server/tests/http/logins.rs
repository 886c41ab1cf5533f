//! Logging in while others guess: nobody is kept out, and nobody guesses much.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::{join_all, select};
use serde_json::json;
use tokio::time::sleep;

use crate::space::{Answer, Client, PASSWORD, TestSpace, in_memory, until};

const OWNER: &str = "owner@acme.example";
/// How many guesses may end between a login's arrival and its answer: those that are worked off as it arrives, those whose turn it is before,
/// and those that end while it is answered.
const MAX_OVERTAKING: usize = 16;

async fn log_in(client: &Client, email: &str, password: &str) -> Answer {
    client.post("/auth/login", &json!({ "email": email, "password": password })).await
}

#[tokio::test]
async fn h5_many_who_guess_keep_nobody_from_logging_in() {
    if in_memory() {
        // No password is hashed there, so nobody waits for one.
        return;
    }
    let space = TestSpace::start().await;
    space.found("acme").await;
    let nobody = space.anybody();
    // How many guesses are worked off. On a machine that is busy with other things a login is slow, attacked or not, but it has its turn.
    let guessed = AtomicUsize::new(0);
    let attackers = (0..64).map(async |number: u32| {
        let attacker = nobody.at_address(&format!("127.0.1.{}", 1 + number / 2));
        for round in 0.. {
            let email = format!("somebody-{number}-{round}@elsewhere.example");
            match log_in(&attacker, &email, "a guess among many others").await.status {
                503 => sleep(Duration::from_millis(20)).await,
                _ => drop(guessed.fetch_add(1, Ordering::Relaxed)),
            }
        }
    });
    let honest = async {
        // Of an address that has guessed nothing yet nothing is known, as of those of the others.
        until("each address has guessed", async || guessed.load(Ordering::Relaxed) >= 128).await;
        let mut late = 0;
        for number in 1..=30 {
            // The address that founded the tenant, and one that has never been here.
            let before = guessed.load(Ordering::Relaxed);
            let client = match number % 2 {
                0 => nobody.clone(),
                _ => nobody.at_address(&format!("127.0.2.{number}")),
            };
            let status = log_in(&client, OWNER, PASSWORD).await.status;
            let overtaking = guessed.load(Ordering::Relaxed) - before;
            late += usize::from(status != 200 || overtaking > MAX_OVERTAKING);
        }
        assert!(late <= 1, "{late} of 30 logins did not succeed before {MAX_OVERTAKING} guesses did");
    };
    select(Box::pin(join_all(attackers)), Box::pin(honest)).await;
}

#[tokio::test]
async fn h5_guesses_at_an_account_are_bounded_across_a_restart_and_shut_nobody_out_who_was_there_before() {
    if in_memory() {
        return;
    }
    let mut space = TestSpace::start().await;
    space.found("acme").await;
    let mut refused = Vec::new();
    for email in [OWNER, "nobody@acme.example"] {
        let mut answered = 0;
        let answer = loop {
            let stranger = space.anybody().at_address(&format!("127.0.3.{}", 1 + answered % 200));
            let answer = log_in(&stranger, email, "a guess among many others").await;
            match answer.status {
                401 => answered += 1,
                503 => sleep(Duration::from_millis(50)).await,
                _ => break answer.expect_problem(429, "too_many_guesses"),
            }
        };
        // One is paid off in 72 seconds.
        assert!((50..=52).contains(&answered), "{answered} of {email}");
        let wait: u64 = answer.header("retry-after").parse().unwrap();
        assert!((1..=73).contains(&wait), "{wait}");
        let detail = answer.body["detail"].as_str().unwrap().to_owned();
        refused.push(detail.replace(|digit: char| digit.is_ascii_digit(), "n").replace("nn", "n"));
    }
    assert_eq!(refused[0], refused[1], "who has an account is not told");

    space.server().kill();
    space.server().run_again().await;
    let stranger = space.anybody().at_address("127.0.3.250");
    for password in [PASSWORD, "a guess among many others"] {
        log_in(&stranger, OWNER, password).await.expect_problem(429, "too_many_guesses");
    }
    // From where the tenant was founded.
    log_in(&space.anybody(), OWNER, PASSWORD).await.expect(200);
}
