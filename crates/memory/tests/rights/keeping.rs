//! What nobody removes goes by its age, unless somebody holds it.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_executor::block_on;
use serde_json::json;
use syft_space_conformance::sample;
use syft_space_domain::access::{Permission, Role};
use syft_space_domain::audit::ports::{EventFilter, LogScope};
use syft_space_domain::audit::tree::{BLOCK_LEAVES, NodeHash};
use syft_space_domain::audit::{
    self, Action, Actor, Event, ExportedPart, ExportedRecords, Log, LogTree, Object, ObjectKind,
    ReceiptProofError, RecordedEvent,
};
use syft_space_domain::detection::{self, DetectionTerms};
use syft_space_domain::identity::Principal;
use syft_space_domain::ids::ActorId;
use syft_space_domain::inquiry::{NamedFilter, Tail};
use syft_space_domain::page::PageRequest;
use syft_space_domain::policy::ports::Disclosed;
use syft_space_domain::policy::{self, ChangePolicy, Enforcement, NewPolicy};
use syft_space_domain::retention::{self, Due, LegalHold, RetentionError, RetentionKind, Swept};
use syft_space_domain::sink::{self, SinkLogs, SinkName, SinkStart, SinkTerms};
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

impl World {
    /// Signs checkpoints, as a server does by itself.
    fn sign_logs(&self) {
        block_on(audit::sign_grown_logs(&self.space, &OperatorScope::at_startup())).unwrap();
    }

    /// The number of the first event that is there, and the root over so many as there were once.
    fn first_and_root(&self, size: u64) -> (u64, NodeHash) {
        let scope = self.owner.scope(Permission::ReadAudit).unwrap();
        self.read(move |view| {
            let log = LogScope::Tenant(&scope);
            let first = view.pruned_blocks(log)? * BLOCK_LEAVES + 1;
            Ok((first, LogTree::open(view, log)?.root_at(size).unwrap()))
        })
    }

    /// The part of the log behind an event, as it is exported.
    fn export(&self, after: u64) -> ExportedPart {
        block_on(audit::export(&self.space, &context(&self.space), &self.owner, after)).unwrap()
    }
}

fn events_of(part: ExportedPart) -> Vec<RecordedEvent> {
    match part.records {
        ExportedRecords::Events(events) => events,
        ExportedRecords::Pruned(leaves) => panic!("{} events are pruned", leaves.len()),
    }
}

#[test]
fn g4_u1_events_go_a_block_at_a_time_once_all_are_done_with_them_and_what_they_prove_stays() {
    let mut world = World::new();
    world.keep_for(LOG, 3_650);
    world.keep_for(EVENTS, 90);
    for n in 0..1_100 {
        world.keep_for(REVISIONS, 30 + n % 2);
    }
    let before = events_of(world.export(0));
    let (_, root) = world.first_and_root(700);
    world.days_pass(90);
    world.sign_logs();
    world.sweep_by_itself();
    assert_eq!(world.first_and_root(700), (1, root), "they are just as old as their term");
    world.days_pass(2);
    let settle = |world: &World, sinks| {
        block_on(sink::settle(&world.space, &OperatorScope::at_startup(), sinks)).unwrap();
    };
    let name = SinkName::parse("archive").unwrap();
    settle(
        &world,
        vec![SinkTerms { name, logs: SinkLogs::All, start: SinkStart::Beginning, target: [1; 32] }],
    );
    world.sweep_by_itself();
    assert_eq!(world.first_and_root(700).0, 1, "a sink has not got them yet");
    assert!(block_on(retention::due(&world.space, &world.owner)).unwrap().is_empty(), "so they are not due");
    let overdue = |world: &World| block_on(retention::retention(&world.space, &world.owner)).unwrap().overdue;
    assert_eq!(overdue(&world), [EVENTS], "and that they wait is told");
    settle(&world, Vec::new());
    let due = block_on(retention::due(&world.space, &world.owner)).unwrap();
    assert!(matches!(&*due, [Due { kind: EVENTS, count: 1_024, has_more: false, .. }]), "{due:?}");
    let (space, by) = (&world.space, context(&world.space));
    let tail = Tail::begin(space, &by, world.owner.clone(), NamedFilter::default(), Some(0));
    let mut tail = block_on(tail).unwrap();
    world.sweep_by_itself();
    let followed = block_on(tail.next(&world.space, 1_100)).unwrap();
    assert_eq!(
        followed.events.first().map(|event| event.seq),
        Some(1_025),
        "whoever follows goes on behind it"
    );
    assert_eq!(
        world.first_and_root(700),
        (1_025, root),
        "a block went, and the root of what is gone is as it was"
    );
    assert_eq!(overdue(&world), []);
    let told = world.last_event();
    assert_eq!((told.0, told.2), (Action::SensitiveDelete, Some("events_pruned_1024".to_owned())));
    let length = world.log().len();
    world.sweep_by_itself();
    assert_eq!(world.log().len(), length, "what is gone does not go again");

    let part = world.export(1_000);
    assert_eq!(part.first, 1_001);
    let leaves: Vec<NodeHash> = before.iter().skip(1_000).map(RecordedEvent::leaf).collect();
    assert_eq!(
        part.records,
        ExportedRecords::Pruned(leaves.clone()),
        "of what is gone the export has the leaves"
    );
    let rest = events_of(world.export(1_024));
    assert_eq!(rest.first().map(|event| event.seq), Some(1_025), "and then the rest");
    let tenant = world.owner.scope(Permission::ReadAudit).unwrap().tenant();
    let prove = |leaf| block_on(audit::prove_receipt(&world.space, tenant, 1_001, leaf, None));
    assert_eq!(prove(leaves[0]).unwrap().inclusion.seq, 1_001, "whoever has a receipt proves it still");
    assert_eq!(prove(leaves[1]), Err(ReceiptProofError::Unknown), "and nobody learns of another");
}

#[test]
fn g4_u1_events_that_no_checkpoint_vouches_for_stay_and_whoever_looks_at_the_log_late_goes_on_behind_what_went()
 {
    let mut world = World::new();
    world.keep_for(LOG, 3_650);
    world.keep_for(EVENTS, 90);
    for n in 0..1_100 {
        world.keep_for(REVISIONS, 30 + n % 2);
    }
    world.days_pass(91);
    world.sweep_by_itself();
    assert_eq!(world.first_and_root(700).0, 1, "nobody vouches for them yet");
    world.sign_logs();
    world.sweep_by_itself();
    assert_eq!(world.first_and_root(700).0, 1_025);
    let operator = OperatorScope::at_startup();
    while block_on(detection::detect(&world.space, &operator, DetectionTerms::default())).unwrap().is_behind {
    }
    let scope = world.owner.scope(Permission::ReadAudit).unwrap();
    let (watched, size) = world.read(move |view| {
        let log = LogScope::Tenant(&scope);
        Ok((view.watched(log)?, view.log_head(log)?.seq()))
    });
    assert_eq!(watched, size);
}

#[test]
fn g4_the_installations_log_goes_by_the_default_terms_and_what_it_proves_stays() {
    let mut world = World::new();
    let operator = OperatorScope::at_startup();
    for n in 0..1_100 {
        let event = context(&world.space).event(Log::Installation, Action::AuthzFail, Actor::Anonymous);
        let event = event.unwrap().about(format_args!("p{n}@example.org"));
        block_on(world.space.store.record(event)).unwrap();
    }
    let look = |world: &World| {
        let operator = OperatorScope::at_startup();
        world.read(move |view| {
            let log = LogScope::Installation(&operator);
            let persons = view.events_with_persons(log, None, 2_000)?.len();
            Ok((persons, view.pruned_blocks(log)?, LogTree::open(view, log)?.root_at(700).unwrap()))
        })
    };
    let (known, _, root) = look(&world);
    assert!(known >= 1_100);
    block_on(audit::sign_grown_logs(&world.space, &operator)).unwrap();
    world.days_pass(365);
    world.sweep_by_itself();
    assert_eq!(look(&world), (known, 0, root), "they are just as old as the term");
    world.days_pass(1);
    let held = world.hold();
    world.sweep_by_itself();
    let (left, pruned, now) = look(&world);
    assert!(left < 100 && pruned == 0 && now == root, "a tenant's hold keeps {left} of {known}");
    let told = world.read({
        let operator = operator.clone();
        move |view| view.installation_events(&operator, &EventFilter::default(), PageRequest::default())
    });
    let first = told.events.items.first().unwrap();
    assert_eq!(first.event.object, Some(Object::new(ObjectKind::Audit, "installation")));
    assert!(first.event.reason_code.as_ref().unwrap().to_string().starts_with("personal_data_erased_"));
    world.days_pass(3_650);
    world.sweep_by_itself();
    let (_, pruned, now) = look(&world);
    assert_eq!((pruned, now), (1, root));
    assert_eq!(world.first_and_root(1).0, 1, "of the tenant's log nothing went: {held:?}");
}
