//! How many passwords can be guessed at an account, from where, and whom that holds up.

use std::net::IpAddr;
use std::time::Duration;

use futures_executor::block_on;
use futures_util::future::join_all;
use syft_space_domain::access::Role;
use syft_space_domain::audit::Origin;
use syft_space_domain::identity::{self, AcceptError, AcceptInvitation, Email, Login, LoginError, Password};
use syft_space_domain::secret::Secret;

use crate::world::{PASSWORD, World, email};

const OWNERS_HOME: &str = "192.0.2.1";

/// How a login ended.
#[derive(Debug, PartialEq)]
enum Outcome {
    In,
    Wrong,
    TooMany(Duration),
}

fn attempt(world: &World, who: Email, from: &str, password: &str) -> impl Future<Output = Outcome> + use<> {
    let space = world.space.clone();
    let address: IpAddr = from.parse().unwrap();
    let password = Password::presented(&Secret::new(password.to_owned())).unwrap();
    async move {
        let origin = Origin { address: Some(address), user_agent: None };
        let context = space.request_context(origin).unwrap();
        match identity::login(&space, &context, Login { email: who, password, tenant: None, code: None })
            .await
        {
            Ok(_) => Outcome::In,
            Err(LoginError::Wrong) => Outcome::Wrong,
            Err(LoginError::TooManyGuesses(error)) => Outcome::TooMany(error.retry_after),
            Err(error) => panic!("{error}"),
        }
    }
}

fn right(world: &World, from: &str) -> Outcome {
    block_on(attempt(world, email("owner"), from, PASSWORD))
}

fn wrong(world: &World, who: Email, from: &str) -> Outcome {
    block_on(attempt(world, who, from, "another set of words entirely"))
}

/// Guesses in a row until no more is answered, each from another address.
pub(crate) fn guesses(world: &World, who: &Email) -> usize {
    let from = |n: usize| format!("198.51.{}.{}", n / 250, n % 250);
    (0..400).take_while(|n| wrong(world, who.clone(), &from(*n)) == Outcome::Wrong).count()
}

#[test]
fn h5_an_hour_has_a_hundred_guesses_at_an_account_from_all_who_never_logged_in() {
    let world = World::new();
    let unknown = Email::parse("nobody@nowhere.example").unwrap();
    for who in [email("owner"), unknown] {
        let mut answered = guesses(&world, &who);
        for _ in 0..59 {
            world.clock.advance(Duration::from_secs(60));
            answered += guesses(&world, &who);
        }
        assert!((90..=100).contains(&answered), "{answered} of {who:?}");
    }
}

#[test]
fn h5_a_right_password_is_answered_no_more_than_a_wrong_one() {
    let world = World::new();
    guesses(&world, &email("owner"));
    let Outcome::TooMany(wait) = right(&world, "203.0.113.7") else { panic!("it was answered") };
    assert!(wait <= Duration::from_secs(73), "{wait:?}");
    world.clock.advance(wait);
    assert_eq!(right(&world, "203.0.113.7"), Outcome::In, "it comes in when its time has come");
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(right(&world, "203.0.113.7"), Outcome::In, "and is known from then on");
}

#[test]
fn h5_an_address_that_logged_in_before_is_not_shut_out_by_others() {
    let world = World::new();
    for home in [OWNERS_HOME, "2001:db8:1:2:3:4:5:6"] {
        assert_eq!(right(&world, home), Outcome::In);
    }
    guesses(&world, &email("owner"));
    assert_eq!(right(&world, OWNERS_HOME), Outcome::In);
    assert_eq!(right(&world, "2001:db8:1:2:ffff::1"), Outcome::In, "an IPv6 address counts by its /64");
    assert_ne!(right(&world, "2001:db8:1:3::1"), Outcome::In);
    // Its own allowance has an end, too, and is not that of others.
    let own = (0..400).take_while(|_| wrong(&world, email("owner"), OWNERS_HOME) == Outcome::Wrong).count();
    assert_eq!(own, 50);
    assert_eq!(right(&world, "2001:db8:1:2::9"), Outcome::In);
    // Nor is it known for ever.
    world.clock.advance(Duration::from_secs(91 * 24 * 60 * 60));
    guesses(&world, &email("owner"));
    assert_ne!(right(&world, OWNERS_HOME), Outcome::In);
}

#[test]
fn h5_of_guesses_at_once_no_more_are_answered() {
    let world = World::new();
    let from = |n: u8| format!("198.51.100.{n}");
    let all = (0..200).map(|n| attempt(&world, email("owner"), &from(n), "another set of words entirely"));
    let answered = block_on(join_all(all)).into_iter().filter(|outcome| *outcome == Outcome::Wrong).count();
    assert_eq!(answered, 50);
}

#[test]
fn h5_a_clock_that_is_set_back_shuts_nobody_out() {
    let world = World::new();
    assert_eq!(right(&world, OWNERS_HOME), Outcome::In);
    guesses(&world, &email("owner"));
    let begun = world.space.clock.now();
    let set_back = |minutes: u64| world.clock.set(begun.minus(Duration::from_secs(minutes * 60)));
    // As much as a whole allowance looks like one that is used up, for some minutes.
    set_back(64);
    let Outcome::TooMany(wait) = right(&world, OWNERS_HOME) else { panic!("it looks used up") };
    assert!(wait <= Duration::from_secs(6 * 60), "{wait:?}");
    for minutes in [1, 58, 66, 120, 365 * 24 * 60] {
        set_back(minutes);
        assert_eq!(right(&world, OWNERS_HOME), Outcome::In, "{minutes} minutes back, where they are known");
    }
    // All others have one guess more, and then those that the time pays off.
    assert_eq!(guesses(&world, &email("owner")), 1, "the allowance is used up");
    let Outcome::TooMany(wait) = right(&world, "203.0.113.7") else { panic!("the allowance is used up") };
    assert!(wait <= Duration::from_secs(73), "{wait:?}");
    world.clock.advance(wait);
    assert_eq!(right(&world, "203.0.113.7"), Outcome::In);
}

#[test]
fn h5_guesses_that_are_decided_out_of_order_are_no_clock_that_was_set_back() {
    let world = World::new();
    guesses(&world, &email("owner"));
    let now = world.space.clock.now();
    for earlier in [1, 30, 240] {
        world.clock.set(now.minus(Duration::from_secs(earlier)));
        assert_eq!(guesses(&world, &email("owner")), 0, "{earlier} s earlier");
    }
}

#[test]
fn h5_accepting_an_invitation_answers_nothing_about_a_password() {
    let world = World::new();
    let invitations = ["another set of words entirely", PASSWORD].map(|password| {
        let invitation = world.invite(&world.owner, "ada", Role::User);
        AcceptInvitation { password: Secret::new(password.to_owned()), ..invitation }
    });
    let rows = world.invitations();
    world.member("ada", Role::Viewer);
    // They have ended with that; one that had not would answer the same whatever the password is.
    rows.into_iter().for_each(|row| world.plant(row)());
    for accepted in invitations {
        assert_eq!(world.accept(accepted), Err(AcceptError::AlreadyMember));
    }
    assert_eq!(block_on(attempt(&world, email("ada"), OWNERS_HOME, PASSWORD)), Outcome::In);
}
