//! Tests of the configuration, and of what is taken of a limit.

use std::net::{IpAddr, Ipv4Addr};

use serde_json::json;

use super::*;
use crate::identity::Email;
use crate::ids::{ActorId, EndpointId, PolicyId};
use crate::policy::context::QueryFacts;
use crate::policy::obligation::{Hold, ObligationContext, ObligationError, Release};
use crate::policy::policy_type::Subject;
use crate::time::Timestamp;

fn types() -> TokenLimitType {
    TokenLimitType::new(Arc::new(RateLimiter::new(100)))
}

#[test]
fn z4_a_length_and_a_rate_are_kept_and_what_is_none_is_refused_where_it_stands() {
    let read = |json: Value| types().parse(&json).map_err(|error| error.pointer);
    for most in [1, 8_000, configuration::MOST] {
        assert_eq!(read(json!({"max_characters": most})), Ok(json!({"max_characters": most})));
    }
    let rate = json!({"rate": "10000000/d", "scope": "user", "window": "sliding"});
    assert_eq!(read(json!({"rate": "10000000/d"})), Ok(rate));
    let both = json!({"max_characters": 7, "rate": "70/m", "burst": 9, "scope": "key", "window": "sliding"});
    assert_eq!(read(both.clone()), Ok(both));
    for (json, pointer) in [
        (json!(7), ""),
        (json!({"max_characters": 7, "max_tokens": 7}), ""),
        (json!({}), ""),
        (json!({"max_characters": 0}), "/max_characters"),
        (json!({"max_characters": configuration::MOST + 1}), "/max_characters"),
        (json!({"max_characters": 1.5}), "/max_characters"),
        (json!({"max_characters": "7"}), "/max_characters"),
        (json!({"max_characters": null}), "/max_characters"),
        (json!({"max_characters": 7, "scope": "user"}), "/rate"),
        (json!({"rate": "10000001/d"}), "/rate"),
        (json!({"rate": "7"}), "/rate"),
        (json!({"rate": "7/d", "burst": 10_000_001}), "/burst"),
        (json!({"rate": "7/d", "window": "strict", "burst": 7}), "/burst"),
        (json!({"rate": "7/d", "scope": "everybody"}), "/scope"),
    ] {
        assert_eq!(read(json.clone()), Err(pointer.to_owned()), "{json}");
    }
}

/// A policy, and somebody who asks.
struct World {
    rule: Arc<dyn Rule>,
    email: Email,
}

impl World {
    fn with(configuration: &Value) -> Self {
        Self { rule: types().compile(configuration).unwrap(), email: Email::parse("ada@a.example").unwrap() }
    }

    fn with_facts<T>(&self, text: Option<&str>, work: impl FnOnce(&Facts<'_>) -> T) -> T {
        let conversation = text.map(|text| Conversation::of_question(text.to_owned()).unwrap());
        let query = QueryFacts {
            principal: Some(ActorId::from_bytes([1; 16])),
            address: Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
            conversation: conversation.as_ref(),
            ..QueryFacts::default()
        };
        work(&Facts {
            policy: PolicyId::from_bytes([2; 16]),
            tenant: None,
            endpoint: EndpointId::from_bytes([3; 16]),
            subject: Subject::Identified { email: Some(&self.email) },
            now: Timestamp::from_unix_micros(0),
            query: Some(query),
            groups: None,
            marketplaces: None,
            hub: None,
        })
    }

    fn finds(&self, text: &str) -> Finding {
        self.with_facts(Some(text), |facts| self.rule.evaluate(facts))
    }

    fn take(&self, text: &str, seconds: i64) -> Result<Box<dyn Hold>, ObligationError> {
        let demanded = self.with_facts(Some(text), |facts| self.rule.obligation(facts)).unwrap();
        let context = ObligationContext::at(Timestamp::from_unix_micros(seconds * 1_000_000));
        futures_executor::block_on(demanded.perform(&context))
    }

    /// How many characters a caller is told are left to them.
    fn left(&self) -> u64 {
        let demanded = self.with_facts(None, |facts| self.rule.obligation(facts)).unwrap();
        let context = ObligationContext::at(Timestamp::from_unix_micros(0));
        let told = match futures_executor::block_on(demanded.look(&context)) {
            Ok(told) => told,
            Err(ObligationError::Shortfall(shortfall)) => shortfall.allowance,
            Err(other) => panic!("{other:?}"),
        };
        let status = told.unwrap().into_limit().unwrap();
        assert_eq!(status.unit, "characters");
        status.remaining
    }
}

#[test]
fn z4_characters_are_taken_of_the_limit_and_whoever_waits_as_told_is_let_in() {
    let world = World::with(&json!({"rate": "86400/d", "burst": 10}));
    drop(world.take("four", 0).unwrap());
    assert_eq!(world.left(), 6);
    let Err(ObligationError::Shortfall(short)) = world.take("seven..", 0).map(drop) else { panic!() };
    assert_eq!(short.retry_after.unwrap().as_secs(), 1);
    assert_eq!(&*short.rule, "characters: 86400/d per user, burst 10");
    assert_eq!(world.left(), 6, "what is refused takes nothing");
    assert!(world.take("six...", 0).is_ok());
    assert_eq!(world.left(), 0);
    assert!(world.take("seven..", 6).is_err());
    assert!(world.take("seven..", 7).is_ok());
    // What is longer than there ever is at once is refused by itself: waiting does not help.
    assert_eq!(world.finds("0123456789"), Finding::NotMatched);
    assert_eq!(world.finds("0123456789a"), Finding::Matched("11 characters of at most 10".into()));
    let longest = World::with(&json!({"rate": "10/m", "max_characters": 5}));
    assert_eq!(longest.finds("seven.."), Finding::Matched("7 characters of at most 5".into()));
}

#[test]
fn z4_what_is_not_answered_gives_its_characters_back_unless_its_caller_went() {
    for window in ["sliding", "strict"] {
        for (why, left) in
            [(Release::Refused, 10), (Release::Unapproved, 10), (Release::Failed, 10), (Release::Canceled, 6)]
        {
            let world = World::with(&json!({"rate": "10/d", "window": window}));
            world.take("four", 0).unwrap().release(why);
            assert_eq!(world.left(), left, "{window} {why:?}");
        }
        let world = World::with(&json!({"rate": "10/d", "window": window}));
        world.take("four", 0).unwrap().settle();
        assert_eq!(world.left(), 6);
    }
}

#[test]
fn z4_of_n_threads_none_passes_the_limit_by_a_character() {
    for window in ["sliding", "strict"] {
        let world = Arc::new(World::with(&json!({"rate": "1000/d", "window": window})));
        let threads: Vec<_> = (1..=32_usize)
            .map(|length| {
                let world = Arc::clone(&world);
                std::thread::spawn(move || {
                    let text = "x".repeat(length);
                    (0..50).filter(|_| world.take(&text, 0).is_ok()).count() * length
                })
            })
            .collect();
        let taken: usize = threads.into_iter().map(|thread| thread.join().unwrap()).sum();
        assert!(taken <= 1_000, "{taken}");
        // A single character was asked for 50 times by one, so what is left over is what nobody's text fits in.
        assert_eq!(u64::try_from(1_000 - taken).unwrap(), world.left());
    }
}

#[test]
fn z4_a_list_and_a_look_take_nothing_and_a_rate_of_queries_is_another_limit() {
    let world = World::with(&json!({"rate": "10/d"}));
    let facts = |facts: &Facts<'_>| {
        let nobody_asks = Facts { query: None, ..*facts };
        (world.rule.obligation(&nobody_asks).is_none(), world.rule.evaluate(&nobody_asks))
    };
    assert_eq!(world.with_facts(None, facts), (true, Finding::NotMatched));
    assert_eq!((world.left(), world.left()), (10, 10));
    assert_eq!(
        world.rule.description(),
        "At most 10 characters of questions a day of each caller are answered."
    );
    let both = World::with(&json!({"rate": "1/m", "max_characters": 5, "scope": "tenant"}));
    assert_eq!(
        both.rule.description(),
        "A conversation has at most 5 characters. At most 1 character a minute are answered."
    );
}
