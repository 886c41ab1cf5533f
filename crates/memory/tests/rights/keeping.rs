//! What nobody removes goes by its age, unless somebody holds it.

mod pruning;

use std::collections::BTreeMap;
use std::time::Duration;

use futures_executor::block_on;
use serde_json::json;
use syft_space_conformance::sample;
use syft_space_domain::access::{Permission, Role};
use syft_space_domain::audit::ports::EventFilter;
use syft_space_domain::audit::{Action, Event, Log, RecordedEvent};
use syft_space_domain::identity::Principal;
use syft_space_domain::ids::ActorId;
use syft_space_domain::page::PageRequest;
use syft_space_domain::policy::ports::Disclosed;
use syft_space_domain::policy::{self, ChangePolicy, Enforcement, NewPolicy};
use syft_space_domain::retention::{self, LegalHold, RetentionError, RetentionKind, Swept};
use syft_space_domain::store::StoreError;
use syft_space_domain::tenant::{OperatorScope, WriteScope};
use syft_space_domain::unit::{Abort, Recorded};

use crate::world::{Loss, World, context, email, try_log_in};

const DAY: Duration = Duration::from_secs(86_400);
const LOG: RetentionKind = RetentionKind::LogPersonalData;
const REVISIONS: RetentionKind = RetentionKind::PolicyRevisions;
const EVENTS: RetentionKind = RetentionKind::LogEvents;

impl World {
    /// So many days pass, and the owner logs in again.
    fn days_pass(&mut self, days: u32) {
        self.clock.advance(DAY * days);
        self.owner = try_log_in(&self.space, "owner").unwrap();
    }

    fn sweep_by_itself(&self) {
        let failed =
            block_on(retention::sweep_everywhere(&self.space, &OperatorScope::at_startup(), &|_| {
                Box::pin(async {})
            }))
            .unwrap();
        assert!(failed.is_empty(), "{failed:?}");
    }

    fn sweep(&self, by: &Principal) -> Result<Vec<Swept>, RetentionError> {
        block_on(retention::sweep(&self.space, &context(&self.space), by, &|_| Box::pin(async {})))
    }

    fn hold(&self) -> LegalHold {
        let reason = "a trial".parse().unwrap();
        block_on(retention::add_hold(&self.space, &context(&self.space), &self.owner, reason)).unwrap()
    }

    fn keep_for(&self, kind: RetentionKind, days: u32) {
        let days = BTreeMap::from([(kind, days)]);
        block_on(retention::change_terms(&self.space, &context(&self.space), &self.owner, days)).unwrap();
    }

    /// The tenant's log, the newest event first.
    fn log(&self) -> Vec<RecordedEvent> {
        let scope = self.owner.scope(Permission::ReadAudit).unwrap();
        let page = PageRequest::default();
        self.read(move |view| view.events(&scope, &EventFilter::default(), page)).events.items
    }

    /// How many events know of nobody any more, and how many others there are.
    fn erased(&self) -> (usize, usize) {
        let log = self.log();
        let erased = log.iter().filter(|recorded| recorded.is_erased()).count();
        (erased, log.len() - erased)
    }
}

#[test]
fn g4_what_events_know_of_persons_goes_with_its_term_by_itself_and_the_events_stay() {
    let mut world = World::new();
    world.dataset(&world.owner, "a").unwrap();
    let old = world.log();
    world.days_pass(200);
    world.dataset(&world.owner, "b").unwrap();
    world.sweep_by_itself();
    assert_eq!(world.erased().0, 0, "nothing is due, so nothing goes, and nothing is written");
    let before = world.log().len();
    world.days_pass(166);
    world.sweep_by_itself();
    let log = world.log();
    let (erased, _) = world.erased();
    assert_eq!(erased, old.len(), "those of before, and no other");
    for (now, then) in log.iter().rev().zip(old.iter().rev()) {
        assert!(now.is_erased());
        assert_eq!(now.canonical(), then.canonical(), "it proves what it proved");
    }
    // The login of the owner, and one event of what went.
    assert_eq!(log.len(), before + 2);
    let told = world.last_event();
    assert_eq!((told.0, told.2), (Action::SensitiveDelete, Some(format!("personal_data_erased_{erased}"))));
    world.sweep_by_itself();
    assert_eq!(world.log().len(), before + 2, "what is gone does not go again");
}

#[test]
fn g4_an_invitation_that_nobody_accepted_goes_once_it_ran_out_and_its_term_has_ended() {
    let mut world = World::new();
    world.invite(&world.owner, "anna", Role::User);
    // It can be accepted for seven days.
    world.days_pass(36);
    world.invite(&world.owner, "bob", Role::User);
    world.sweep_by_itself();
    assert_eq!(world.invitations().len(), 2, "nothing is due yet");
    world.days_pass(2);
    world.sweep_by_itself();
    let left: Vec<_> = world.invitations().into_iter().map(|invitation| invitation.email).collect();
    assert_eq!(left, [email("bob")]);
    let told = world.last_event();
    assert_eq!((told.0, told.2), (Action::SensitiveDelete, Some("invitations_removed_1".to_owned())));
    world.keep_for(RetentionKind::Invitations, 100);
    world.days_pass(40);
    world.sweep_by_itself();
    assert_eq!(world.invitations().len(), 1, "the tenant keeps them for longer");
}

#[test]
fn g4_what_callers_were_shown_goes_once_it_counts_no_more_and_its_term_has_ended() {
    let mut world = World::new();
    let shown_under = |world: &World, window: &str| {
        let new = NewPolicy {
            name: "shown".parse().unwrap(),
            configuration: world
                .space
                .policy_types
                .parse("disclosure_limit", &json!({ "cap": 5, "window": window }))
                .unwrap(),
            enforcement: Enforcement::Enforce,
        };
        let made =
            block_on(policy::create_policy(&world.space, &context(&world.space), &world.owner, new)).unwrap();
        let (policy, now) = (made.id, world.space.clock.now());
        let scope = world.owner.scope(Permission::ReadAudit).unwrap();
        let shown = Disclosed { item: [7; 16], shown_at: now, amount: 1 };
        let event = Event { time: now, ..sample::event(Log::from(&scope), Action::EndpointQuery) };
        let written = world.space.store.write(move |tx| {
            let scope = WriteScope::assume(&scope, "a test shows something");
            tx.disclose(&scope, policy, ActorId::from_bytes([9; 16]), &[shown], now)?;
            Ok::<_, Abort<StoreError>>(Recorded::new((), event.clone()))
        });
        written.wait().unwrap();
    };
    shown_under(&world, "1d");
    shown_under(&world, "60d");
    let swept = |world: &World| {
        let log = world.log().len();
        world.sweep_by_itself();
        let length = world.log().len();
        (length - log, world.last_event().2)
    };
    let one = Some("disclosures_removed_1".to_owned());
    world.days_pass(29);
    assert_eq!(swept(&world), (0, world.last_event().2), "the term has not ended");
    world.days_pass(2);
    assert_eq!(swept(&world), (1, one.clone()), "what counted for a day");
    world.days_pass(28);
    assert_eq!(swept(&world).0, 0, "what counts still stays, however old it is");
    world.days_pass(3);
    assert_eq!(swept(&world), (1, one), "until it counts no more");
    world.days_pass(100);
    assert_eq!(swept(&world).0, 0, "and nothing goes twice");
}

#[test]
fn g4_what_is_just_as_old_as_its_term_is_kept_and_a_clock_that_was_ahead_holds_nothing_up() {
    let world = World::new();
    let founded = world.space.clock.now();
    // An event in between is of a later time than those behind it.
    world.clock.advance(Duration::from_secs(100));
    world.keep_for(LOG, 30);
    world.clock.set(founded);
    world.keep_for(LOG, 31);
    let known = world.log().len();
    world.clock.set(founded.plus(DAY * 31));
    world.sweep_by_itself();
    assert_eq!(world.erased().0, 0, "they are just as old");
    world.clock.advance(Duration::from_micros(1));
    world.sweep_by_itself();
    let (erased, others) = world.erased();
    assert_eq!(
        (erased, others),
        (known - 1, 2),
        "all but that of the later time, and the event of what went"
    );
}

#[test]
fn g4_what_is_due_goes_in_portions_and_is_told_before() {
    let mut world = World::new();
    for n in 0..300 {
        world.keep_for(LOG, 7 + n % 2);
    }
    world.keep_for(LOG, 7);
    world.days_pass(8);
    let due = block_on(retention::due(&world.space, &world.owner)).unwrap();
    let count = due[0].count;
    assert!(due.len() == 1 && due[0].kind == LOG && count > 300 && !due[0].has_more, "{due:?}");
    let swept = world.sweep(&world.owner).unwrap();
    assert_eq!(swept[0], Swept { kind: LOG, count: u64::try_from(count).unwrap(), has_more: false });
    for (swept, kind) in swept.iter().zip(RetentionKind::ALL).skip(1) {
        assert_eq!(*swept, Swept { kind, count: 0, has_more: false });
    }
    assert!(block_on(retention::due(&world.space, &world.owner)).unwrap().is_empty());
}

#[test]
fn g4_a_sweep_by_hand_ends_in_time_and_the_next_goes_on() {
    let mut world = World::new();
    for n in 0..600 {
        world.keep_for(LOG, 8 - n % 2);
    }
    world.days_pass(8);
    let due = block_on(retention::due(&world.space, &world.owner)).unwrap()[0].count;
    let (clock, space, owner) = (&world.clock, &world.space, &world.owner);
    let sweep = |portion: Duration| {
        let pause: retention::Pause = &|_| {
            clock.advance(portion);
            Box::pin(async {})
        };
        block_on(retention::sweep(space, &context(space), owner, pause)).unwrap()
    };
    let swept = sweep(retention::MAX_SWEEP / 2);
    assert_eq!(swept[0], Swept { kind: LOG, count: 500, has_more: true }, "two portions fill the time");
    assert!(
        swept[1..].iter().all(|kind| kind.count == 0 && kind.has_more),
        "nobody looked at the others: {swept:?}"
    );
    let swept = sweep(Duration::from_secs(1));
    assert!(swept[0].count >= u64::try_from(due).unwrap() - 500, "{swept:?}");
    assert!(swept.iter().all(|kind| !kind.has_more), "{swept:?}");
}

#[test]
fn g4_the_revisions_of_a_policy_go_when_another_took_their_place_long_ago_and_the_newest_stays() {
    let mut world = World::new();
    let types = world.space.policy_types.clone();
    let configuration =
        |who: &str| types.parse("access", &json!({ "mode": "allow", "patterns": [who] })).unwrap();
    let new = NewPolicy {
        name: "p".parse().unwrap(),
        configuration: configuration("a@b.example"),
        enforcement: Enforcement::Enforce,
    };
    let made =
        block_on(policy::create_policy(&world.space, &context(&world.space), &world.owner, new)).unwrap();
    let change = |world: &World, who: &str| {
        let change = ChangePolicy { configuration: Some(configuration(who)), ..ChangePolicy::default() };
        let context = context(&world.space);
        block_on(policy::change_policy(&world.space, &context, &world.owner, made.id, change)).unwrap();
    };
    let kept = |world: &World| {
        let found =
            block_on(policy::revisions(&world.space, &world.owner, made.id, PageRequest::default())).unwrap();
        found.items.into_iter().map(|one| one.revision).collect::<Vec<_>>()
    };
    world.keep_for(REVISIONS, 30);
    world.days_pass(100);
    change(&world, "c@d.example");
    world.sweep_by_itself();
    assert_eq!(kept(&world), [2, 1], "the first held until today");
    world.days_pass(31);
    world.sweep_by_itself();
    assert_eq!(kept(&world), [2]);
    world.days_pass(1_000);
    world.sweep_by_itself();
    assert_eq!(kept(&world), [2], "what a policy is stays");
}

#[test]
fn g4_while_a_hold_stands_nothing_goes_and_what_became_due_goes_behind_it() {
    let mut world = World::new();
    let hold = world.hold();
    world.days_pass(400);
    world.sweep_by_itself();
    assert_eq!(world.erased().0, 0);
    assert_eq!(world.sweep(&world.owner), Err(RetentionError::Held));
    let told = block_on(retention::retention(&world.space, &world.owner)).unwrap();
    assert_eq!((told.holds, told.overdue), (vec![hold.clone()], vec![LOG]));
    let release = |world: &World| {
        block_on(retention::release_hold(&world.space, &context(&world.space), &world.owner, hold.id))
    };
    release(&world).unwrap();
    assert_eq!(release(&world), Err(RetentionError::HoldNotFound));
    world.sweep_by_itself();
    assert!(world.erased().0 > 0);
    assert!(block_on(retention::retention(&world.space, &world.owner)).unwrap().overdue.is_empty());
}

#[test]
fn g4_a_hold_and_a_longer_term_act_on_a_sweep_that_is_under_way() {
    for is_hold in [true, false] {
        let mut world = World::new();
        world.days_pass(400);
        let (space, owner) = (world.space.clone(), world.owner.clone());
        // It is about to be looked what is due.
        let meanwhile = move || {
            let context = context(&space);
            if is_hold {
                block_on(retention::add_hold(&space, &context, &owner, "a trial".parse().unwrap())).unwrap();
            } else {
                let days = BTreeMap::from([(LOG, 3_650)]);
                block_on(retention::change_terms(&space, &context, &owner, days)).unwrap();
            }
        };
        world.reads.set(meanwhile);
        let swept = world.sweep(&world.owner);
        assert_eq!(swept.is_err(), is_hold, "{swept:?}");
        assert_eq!(world.erased().0, 0);
    }
}

#[test]
fn z3_who_is_no_owner_any_more_sweeps_nothing_and_holds_nothing() {
    let mut world = World::new();
    world.days_pass(400);
    let other = world.member("other", Role::Owner);
    world.change(&other, Loss::ALL[0])();
    assert!(matches!(world.sweep(&other), Err(RetentionError::Authorization(_))));
    let reason = "a trial".parse().unwrap();
    let held = block_on(retention::add_hold(&world.space, &context(&world.space), &other, reason));
    assert!(matches!(held, Err(RetentionError::Authorization(_))), "{held:?}");
    assert_eq!(world.erased().0, 0);
}
