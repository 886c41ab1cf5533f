//! The promises of the tree over each log.

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use sha2::Sha256;
use syft_space_domain::audit::ports::{LogScope, LogWriteScope};
use syft_space_domain::audit::tree::{BLOCK_LEAVES, NodeHash, ProofError};
use syft_space_domain::audit::{Action, Log, LogTree, LogTreeError, RecordedEvent, SignedCheckpoint};
use syft_space_domain::store::Store;
use syft_space_domain::tenant::{OperatorScope, TenantScope};

use crate::audit::mixed::{mixed_events, record_all};
use crate::check::{Check, checks};
use crate::fixture::StoreFactory;
use crate::run::{commit, installation_log, log, read, seeded_store};
use crate::sample::{event, scope, tenant_id};

/// Every promise of what [`AuditView`](syft_space_domain::audit::ports::AuditView) tells of the tree over a log.
pub const CHECKS: &[Check<StoreFactory>] = checks![
    u1_the_tree_over_a_log_is_that_of_its_events_at_each_size,
    u1_proofs_of_a_log_lead_to_its_roots,
    z1_each_log_has_a_tree_of_its_own,
    u1_events_are_read_by_their_numbers,
    u1_the_newest_checkpoint_of_each_log_is_kept,
    u1_the_logs_that_have_grown_since_their_checkpoint_are_told,
];

/// The roots over the events of a log, at each size from 1 on, as another implementation of RFC 6962 has them.
fn foreign_roots(log: &[RecordedEvent]) -> Vec<NodeHash> {
    let mut tree = MemoryBackedTree::<Sha256, Vec<u8>>::new();
    let root = |event: &RecordedEvent| {
        tree.push(event.canonical());
        (*tree.root().as_bytes()).into()
    };
    log.iter().map(root).collect()
}

/// The roots that the store gives, at some sizes.
fn roots(store: &dyn Store, scope: TenantScope, sizes: Vec<u64>) -> Result<Vec<NodeHash>, LogTreeError> {
    store
        .read(&scope, move |view| {
            let mut tree = LogTree::open(view, LogScope::Tenant(&scope))?;
            sizes.into_iter().map(|size| tree.root_at(size)).collect()
        })
        .wait()
}

/// Records events in pieces of different lengths, so that blocks are filled within a unit and at its end.
fn grow(store: &dyn Store, scope: &TenantScope, count: u64) {
    let mut rest = &*mixed_events(scope, count);
    for length in [1, 2, 61, 100, 7].into_iter().cycle() {
        let (piece, others) = rest.split_at(length.min(rest.len()));
        if piece.is_empty() {
            return;
        }
        record_all(store, piece);
        rest = others;
    }
}

/// The root of every size that a log has had.
pub fn u1_the_tree_over_a_log_is_that_of_its_events_at_each_size(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    let head = |scope: TenantScope| read(store, move |view| view.log_head(LogScope::Tenant(&scope)));
    assert_eq!(head(scope(1)).seq(), 0, "a log to which nothing happened has no events");
    grow(store, &scope(1), 2 * BLOCK_LEAVES - 1);
    for more in [0, 1, 2] {
        if more > 0 {
            record_all(store, &[event(&scope(1), Action::EndpointQuery)]);
        }
        let events = log(store, &scope(1));
        let size = u64::try_from(events.len()).expect("a small number");
        let expected = foreign_roots(&events);
        assert_eq!(head(scope(1)).seq(), size, "the head tells the number of the last event");
        assert_eq!(
            Some(&head(scope(1)).tree().root()),
            expected.last(),
            "the head's root is that of all events"
        );
        let sizes: Vec<u64> = (1..=size).filter(|size| size % 37 == 0 || size % BLOCK_LEAVES < 2).collect();
        let wanted: Vec<NodeHash> =
            (1..=size).zip(expected).filter(|(size, _)| sizes.contains(size)).map(|(_, root)| root).collect();
        assert_eq!(
            roots(store, scope(1), sizes).as_ref(),
            Ok(&wanted),
            "the root of each size is that of the first events"
        );
    }
    let beyond = roots(store, scope(1), vec![10_000]);
    assert!(
        matches!(beyond, Err(LogTreeError::Proof(ProofError::BeyondLog { asked: 10_000, .. }))),
        "a size that the log has not has no root"
    );
}

/// Proofs are made of what is stored, and hold against the events themselves.
pub fn u1_proofs_of_a_log_lead_to_its_roots(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    grow(store, &scope(1), BLOCK_LEAVES + 300);
    let events = log(store, &scope(1));
    let roots = foreign_roots(&events);
    let size = u64::try_from(events.len()).expect("a small number");
    let at = |of: u64| usize::try_from(of - 1).expect("a small number");
    let pairs = [(1, 1), (1, size), (500, 777), (1_024, 1_024), (1_024, 1_025), (1_025, size), (size, size)];
    for (seq, of) in pairs {
        let proofs = store.read(&scope(1), move |view| {
            let scope = scope(1);
            let mut tree = LogTree::open(view, LogScope::Tenant(&scope))?;
            Ok::<_, LogTreeError>((tree.inclusion(seq, of)?, tree.consistency(seq, of)?))
        });
        let ((inclusion, root), (consistency, both)) = proofs.wait().expect("a proof is given");
        let (leaf, expected) = (events.get(at(seq)).map(RecordedEvent::leaf), roots.get(at(of)));
        assert_eq!(Some(&root), expected, "a proof comes with the root of its size");
        assert_eq!(
            leaf.map(|leaf| inclusion.check(leaf, &root)),
            Some(Ok(())),
            "event {seq} is proved in {of}"
        );
        assert_eq!(
            [Some(&both[0]), Some(&both[1])],
            [roots.get(at(seq)), expected],
            "and with those of both sizes"
        );
        assert_eq!(
            consistency.check(&both[0], &both[1]),
            Ok(()),
            "the first {seq} are proved the beginning of {of}"
        );
    }
}

/// Nothing of a tree tells of another's log.
pub fn z1_each_log_has_a_tree_of_its_own(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    for n in 0..3 {
        grow(store, &scope(1), BLOCK_LEAVES / 2);
        grow(store, &scope(2), 400 + n);
        record_all(store, &[event(Log::Installation, Action::ConfigChange)]);
    }
    let house = installation_log(store);
    let (head, operator) = (foreign_roots(&house), OperatorScope::at_startup());
    let found = read(store, move |view| view.log_head(LogScope::Installation(&operator)));
    assert_eq!(Some(&found.tree().root()), head.last(), "the installation's log has a tree of its own");
    for n in [1, 2] {
        let events = log(store, &scope(n));
        let expected = foreign_roots(&events);
        let (head, blocks, first) = read(store, move |view| {
            let scope = scope(n);
            let log = LogScope::Tenant(&scope);
            let full = view.log_head(log)?.seq() / BLOCK_LEAVES;
            Ok((view.log_head(log)?, view.block_roots(log, 0..full)?, view.events_in(log, 1..6)?))
        });
        assert_eq!(
            Some(&head.tree().root()),
            expected.last(),
            "a tenant's tree is over its own events and no others"
        );
        assert_eq!(
            blocks.first(),
            expected.get(1_023),
            "so are the roots of its blocks: the first is that of 1,024"
        );
        assert_eq!(Some(&*first), events.get(..5), "and the events that are read by number are its own");
    }
}

/// By their numbers, the oldest first, none left out.
pub fn u1_events_are_read_by_their_numbers(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    grow(store, &scope(1), 1_100);
    let events = log(store, &scope(1));
    let found = |range: std::ops::Range<u64>| {
        read(store, move |view| view.events_in(LogScope::Tenant(&scope(1)), range))
    };
    for (range, expected) in [
        (1..2, events.get(..1)),
        (250..520, events.get(249..519)),
        (1_000..1_101, events.get(999..1_100)),
        (1_000..5_000, events.get(999..1_100)),
        (1..5_000, events.get(..1_024)),
        (1_101..1_105, Some([].as_slice())),
    ] {
        assert_eq!(Some(&*found(range.clone())), expected, "the events {range:?}");
    }
}

fn signed(size: u64, note: &str) -> SignedCheckpoint {
    SignedCheckpoint { size, note: note.to_owned() }
}

fn keep(store: &dyn Store, log: Log, checkpoint: SignedCheckpoint) {
    commit(store, move |tx| {
        tx.keep_checkpoint(&LogWriteScope::assume(log, "a suite plays the space"), &checkpoint)
    });
}

/// The newest is the largest, in whichever order they come.
pub fn u1_the_newest_checkpoint_of_each_log_is_kept(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    let kept = |n: u64| read(store, move |view| view.checkpoint(LogScope::Tenant(&scope(n))));
    assert_eq!(kept(1), None, "a log of which nothing was signed has no checkpoint");
    for (size, expected) in [(5, 5), (9, 9), (7, 9), (9, 9), (10, 10)] {
        keep(store, Log::Tenant(tenant_id(1)), signed(size, &format!("note of {size}")));
        assert_eq!(
            kept(1),
            Some(signed(expected, &format!("note of {expected}"))),
            "an older checkpoint never takes the place of a newer one"
        );
    }
    keep(store, Log::Tenant(tenant_id(1)), signed(10, "another"));
    assert_eq!(kept(1), Some(signed(10, "note of 10")), "nor does another of the same size");
    keep(store, Log::Installation, signed(3, "of the installation"));
    let operator = OperatorScope::at_startup();
    let house = read(store, move |view| view.checkpoint(LogScope::Installation(&operator)));
    assert_eq!(house, Some(signed(3, "of the installation")), "the installation's log has one of its own");
    assert_eq!(kept(2), None, "a checkpoint is of one log");
}

/// In the order of the logs, a hundred at most, on from any of them. What keeps a checkpoint here also adds an event to the
/// installation's log, which is told of each time.
pub fn u1_the_logs_that_have_grown_since_their_checkpoint_are_told(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    let grown = |after: Option<Log>| -> Vec<Log> {
        let operator = OperatorScope::at_startup();
        read(store, move |view| view.grown_logs(&operator, after))
    };
    let tenant = |n: u64| Log::Tenant(tenant_id(n));
    for n in 10..140 {
        record_all(store, &[event(tenant(n), Action::EndpointQuery)]);
    }
    let first: Vec<Log> = [Log::Installation].into_iter().chain((10..109).map(tenant)).collect();
    let second: Vec<Log> = (109..140).map(tenant).collect();
    assert_eq!(grown(None), first, "the logs that have grown are told of in their order, a hundred at once");
    assert_eq!(grown(first.last().copied()), second, "and on from the last of them");
    assert_eq!(grown(second.last().copied()), [], "to the end");
    for log in &first {
        keep(store, *log, signed(1, "a note"));
    }
    let left: Vec<Log> = [Log::Installation].into_iter().chain(second).collect();
    assert_eq!(grown(None), left, "what was signed is not told of again");
    record_all(store, &[event(tenant(20), Action::EndpointQuery)]);
    assert_eq!(grown(None).get(1), Some(&tenant(20)), "until it has grown");
    keep(store, tenant(20), signed(2, "a note"));
    assert_eq!(grown(None), left, "and is signed again");
    keep(store, tenant(30), signed(9, "of a log that was longer"));
    assert_eq!(grown(None).get(1), Some(&tenant(30)), "a log that was cut is told of, too");
    keep(store, tenant(5), signed(3, "of a log that is gone"));
    assert_eq!(grown(None).get(1), Some(&tenant(5)), "and one that is gone");
    assert_eq!(grown(Some(tenant(5))).first(), Some(&tenant(30)), "in its place");
}
