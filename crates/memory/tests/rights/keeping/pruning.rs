//! Events of a log go once all are done with them, and what they prove stays.

use futures_executor::block_on;
use syft_space_domain::access::Permission;
use syft_space_domain::audit::ports::{EventFilter, LogScope};
use syft_space_domain::audit::tree::{BLOCK_LEAVES, NodeHash};
use syft_space_domain::audit::{
    self, Action, Actor, ExportedPart, ExportedRecords, Log, LogTree, Object, ObjectKind, ReceiptProofError,
    RecordedEvent,
};
use syft_space_domain::detection::{self, DetectionTerms};
use syft_space_domain::inquiry::{NamedFilter, Tail};
use syft_space_domain::page::PageRequest;
use syft_space_domain::retention::{self, Due};
use syft_space_domain::sink::{self, SinkLogs, SinkName, SinkStart, SinkTerms};
use syft_space_domain::tenant::OperatorScope;

use super::{EVENTS, LOG, REVISIONS};
use crate::world::{World, context};

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
