//! Properties of verifying a log: what was bent is found, and told of where it is.

use proptest::prelude::*;
use syft_space_domain::audit::{
    Action, Actor, Checkpoint, Event, Log, LogFault, LogHead, LogName, LogVerifier, Outcome, Person,
    RecordedEvent, VerifiedLog,
};
use syft_space_domain::ids::{EventId, TenantId};
use syft_space_domain::time::Timestamp;

fn event(n: u8) -> Event {
    Event {
        id: EventId::from_bytes([n; 16]),
        salt: [n; 16],
        log: Log::Tenant(TenantId::from_bytes([1; 16])),
        time: Timestamp::from_unix_micros(n.into()),
        action: Action::EndpointQuery,
        outcome: Outcome::Success,
        actor: Actor::System,
        object: None,
        reason_code: None,
        request: None,
        count: 1,
        policy: None,
        person: Person { email: Some(format!("{n}@example.org")), ..Person::default() },
    }
}

/// A log of so many events, and its checkpoints at these sizes.
fn log(size: u8, at: &[u64]) -> (Vec<RecordedEvent>, Vec<Checkpoint>) {
    let mut head = LogHead::default();
    let mut checkpoints = Vec::new();
    let events = (0..size).map(|n| {
        let recorded = head.append(event(n)).recorded;
        let (size, root) = (head.seq(), head.tree().root());
        if at.contains(&size) {
            checkpoints.push(Checkpoint { log: LogName::from_checkpoint("a".to_owned()), size, root });
        }
        recorded
    });
    (events.collect(), checkpoints)
}

fn verify(events: &[RecordedEvent], checkpoints: &[Checkpoint]) -> Result<VerifiedLog, LogFault> {
    let mut verifier = LogVerifier::new(checkpoints.to_vec())?;
    events.iter().try_for_each(|event| verifier.take(event, false))?;
    verifier.finish()
}

#[test]
fn u1_a_log_is_vouched_for_up_to_its_newest_checkpoint() {
    let (events, checkpoints) = log(20, &[5, 12]);
    let verified = verify(&events, &checkpoints).unwrap();
    assert_eq!((verified.events, verified.vouched, verified.erased), (20, 12, 0));
    assert_eq!(verify(&events, &[]).unwrap().vouched, 0);
    assert_eq!(verify(&[], &[]).unwrap().events, 0);
    assert_eq!(
        verify(&events[..11], &checkpoints),
        Err(LogFault::Short { events: 11, size: 12 }),
        "a log that was rolled back"
    );
}

/// Verifies a log of which so many events, the oldest, are pruned.
fn verify_pruned(
    pruned: usize,
    events: &[RecordedEvent],
    checkpoints: &[Checkpoint],
) -> Result<VerifiedLog, LogFault> {
    let mut verifier = LogVerifier::new(checkpoints.to_vec())?;
    for (at, event) in events.iter().enumerate() {
        if at < pruned {
            verifier.take_pruned(event.seq, event.leaf())?;
        } else {
            verifier.take(event, false)?;
        }
    }
    verifier.finish()
}

#[test]
fn u1_g4_pruned_events_are_vouched_for_and_none_is_hidden_behind_one_that_is_there() {
    let (events, checkpoints) = log(20, &[5, 12]);
    for pruned in [1, 5, 11, 12, 13, 20] {
        let verified = verify_pruned(pruned, &events, &checkpoints).unwrap();
        assert_eq!((verified.events, verified.vouched), (20, 12), "whatever is pruned");
        assert_eq!(Ok(verified.pruned), u64::try_from(pruned));
        assert_eq!(verified.root, verify(&events, &checkpoints).unwrap().root);
    }
    let mut verifier = LogVerifier::new(Vec::new()).unwrap();
    assert_eq!(verifier.take_pruned(2, [0; 32]), Err(LogFault::Missing { expected: 1, found: 2 }));
    verifier.take(&events[0], false).unwrap();
    assert_eq!(verifier.take_pruned(1, [0; 32]), Err(LogFault::Misplaced { expected: 2, found: 1 }));
    assert_eq!(verifier.take_pruned(2, events[1].leaf()), Err(LogFault::Hidden { seq: 2 }));
    let mut verifier = LogVerifier::new(checkpoints).unwrap();
    for event in &events[..4] {
        verifier.take_pruned(event.seq, event.leaf()).unwrap();
    }
    assert_eq!(
        verifier.take_pruned(5, [0; 32]),
        Err(LogFault::Changed { after: 0, size: 5 }),
        "another leaf is another log"
    );
}

#[test]
fn u1_a_key_that_has_signed_two_logs_is_found_out() {
    let (_, mut checkpoints) = log(20, &[5, 12]);
    let mut other = checkpoints[1].clone();
    other.root[0] ^= 1;
    checkpoints.push(other);
    assert_eq!(verify(&[], &checkpoints), Err(LogFault::TwoLogs { size: 12 }));
}

#[test]
fn u1_an_erased_person_is_counted_and_no_fault() {
    let (mut events, checkpoints) = log(9, &[9]);
    let mut verifier = LogVerifier::new(checkpoints).unwrap();
    for (n, event) in events.iter_mut().enumerate() {
        let is_erased = n % 4 == 0;
        if is_erased {
            event.event.person = Person::default();
            event.event.salt = [0; 16];
            assert!(event.is_erased());
        }
        verifier.take(event, is_erased).unwrap();
    }
    assert_eq!(verifier.finish().unwrap().erased, 3);
}

proptest! {
    #[test]
    fn u1_an_event_that_was_changed_is_told_of_between_its_two_checkpoints(
        at in 0..40_usize, sizes in prop::collection::btree_set(1..=40_u64, 1..6),
    ) {
        let sizes: Vec<u64> = sizes.into_iter().collect();
        let (mut events, checkpoints) = log(40, &sizes);
        events[at].event.count = 2;
        let seq = u64::try_from(at).unwrap() + 1;
        let next = sizes.iter().copied().find(|size| *size >= seq);
        let before = sizes.iter().copied().filter(|size| *size < seq).max().unwrap_or(0);
        match next {
            Some(size) => prop_assert_eq!(verify(&events, &checkpoints), Err(LogFault::Changed { after: before, size })),
            None => prop_assert_eq!(verify(&events, &checkpoints).unwrap().vouched, before),
        }
    }

    #[test]
    fn u1_an_event_that_is_left_out_or_put_in_or_moved_is_told_of(at in 1..39_usize) {
        let (events, _) = log(40, &[]);
        let seq = u64::try_from(at).unwrap() + 1;
        let mut out = events.clone();
        out.remove(at);
        prop_assert_eq!(verify(&out, &[]), Err(LogFault::Missing { expected: seq, found: seq + 1 }));
        let mut twice = events.clone();
        twice.insert(at, events[at - 1].clone());
        prop_assert_eq!(verify(&twice, &[]), Err(LogFault::Misplaced { expected: seq, found: seq - 1 }));
        let mut moved = events.clone();
        moved.swap(at - 1, at);
        prop_assert!(verify(&moved, &[]).is_err());
        let mut person = events;
        person[at].event.person.email = None;
        prop_assert_eq!(verify(&person, &[]), Err(LogFault::PersonChanged { seq }));
    }
}
