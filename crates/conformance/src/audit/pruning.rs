//! The promises of events that are pruned: they are gone, and all that they prove stays.

use std::thread::sleep;
use std::time::Duration;

use syft_space_domain::audit::ports::{LogScope, LogWriteScope};
use syft_space_domain::audit::tree::{BLOCK_LEAVES, NodeHash};
use syft_space_domain::audit::{Log, LogTree, LogTreeError, PrunedBlock, RecordedEvent};
use syft_space_domain::store::{Store, StoreError};

use crate::audit::mixed::{mixed_events, record_all};
use crate::check::{Check, checks};
use crate::fixture::{Fixture, StoreFactory};
use crate::run::{commit, log, read, seeded_store};
use crate::sample::{scope, tenant_id, time};

/// Every promise of the methods that prune, of [`RetentionRows`](syft_space_domain::retention::ports::RetentionRows) and what reads behind it.
pub const CHECKS: &[Check<StoreFactory>] = checks![
    g4_blocks_are_told_once_all_of_them_is_from_before_a_time,
    g4_a_pruned_block_is_gone_from_every_read,
    u1_what_is_pruned_still_proves_what_it_proved,
    z1_a_tenants_log_is_pruned_by_its_scope_only,
];

/// How often, and how long in between, it is looked whether an index that is made behind the log holds a block.
const LOOKS: u32 = 1_000;
const BETWEEN_LOOKS: Duration = Duration::from_millis(10);
/// Later than every event of a suite.
const LATER: u32 = 90_000_000;

fn blocks(store: &dyn Store, tenant: u64, before: u32, up_to: u64, at_most: usize) -> Vec<u64> {
    read(store, move |view| {
        view.blocks_before(LogScope::Tenant(&scope(tenant)), time(before), up_to, at_most)
    })
}

/// Two logs, of two blocks and of one, and 300 events behind them.
fn grow(store: &dyn Store) {
    for (tenant, full) in [(1, 2), (2, 1)] {
        record_all(store, &mixed_events(&scope(tenant), full * BLOCK_LEAVES + 300));
        for _ in 0..LOOKS {
            if u64::try_from(blocks(store, tenant, LATER, u64::MAX, 9).len()).is_ok_and(|found| found >= full)
            {
                break;
            }
            sleep(BETWEEN_LOOKS);
        }
    }
}

/// What stays of a block, as it is read before it goes.
fn read_block(store: &dyn Store, tenant: u64, number: u64) -> PrunedBlock {
    let read = store
        .read(&scope(tenant), move |view| PrunedBlock::read(view, LogScope::Tenant(&scope(tenant)), number));
    read.wait().expect("the events of a block are those that its root was made of")
}

fn prune(store: &dyn Store, tenant: u64, block: &PrunedBlock) -> u64 {
    let block = block.clone();
    let log = Log::Tenant(tenant_id(tenant));
    commit(store, move |tx| tx.prune(&LogWriteScope::assume(log, "a suite plays the space"), &block))
}

/// In their order, no more than are asked for, none of which a part is behind a number.
pub fn g4_blocks_are_told_once_all_of_them_is_from_before_a_time(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    grow(store);
    assert_eq!(blocks(store, 1, LATER, u64::MAX, 9), [0, 1], "all full blocks of the log, and of no other");
    assert_eq!(blocks(store, 2, LATER, u64::MAX, 9), [0], "the rest of a log is no block");
    assert_eq!(blocks(store, 1, LATER, u64::MAX, 1), [0], "no more than were asked for");
    assert_eq!(blocks(store, 1, LATER, 2 * BLOCK_LEAVES - 1, 9), [0], "none that reaches beyond");
    assert_eq!(blocks(store, 1, LATER, BLOCK_LEAVES, 9), [0], "one that reaches as far is told");
    assert_eq!(blocks(store, 1, LATER, 0, 9), [0; 0], "behind nothing there is none");
    let events = log(store, &scope(1));
    let latest = events.iter().take(1_024).map(|event| event.event.time).max().expect("a block has events");
    let at = |before| {
        read(store, move |view| view.blocks_before(LogScope::Tenant(&scope(1)), before, u64::MAX, 9))
    };
    assert_eq!(at(latest), [0; 0], "one event that is not from before keeps its block");
    assert_eq!(at(latest.plus(Duration::from_micros(1))), [0], "until that is, too");
}

/// No search finds it, and nobody takes it for a log that was cut.
pub fn g4_a_pruned_block_is_gone_from_every_read(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    grow(store);
    let before = log(store, &scope(1));
    let [first, second] = [0, 1].map(|number| read_block(store, 1, number));
    assert_eq!(prune(store, 1, &second), 0, "the oldest goes first");
    assert_eq!(prune(store, 1, &first), BLOCK_LEAVES, "it is told how many went");
    assert_eq!(prune(store, 1, &first), 0, "what is gone does not go again");
    let pruned = |tenant| read(store, move |view| view.pruned_blocks(LogScope::Tenant(&scope(tenant))));
    assert_eq!((pruned(1), pruned(2)), (1, 0), "one block of one log");
    let left = before.get(1_024..).unwrap_or_default();
    let now = log(store, &scope(1));
    assert_eq!(now.get(..left.len()), Some(left), "what is left is as it was");
    let lost = store.read(&scope(1), |view| view.events_in(LogScope::Tenant(&scope(1)), 1_024..1_026));
    assert!(lost.wait().is_err(), "who asks for an event that is pruned is not given another");
    let kept = read(store, |view| view.events_in(LogScope::Tenant(&scope(1)), 1_025..1_027));
    assert_eq!(Some(&*kept), left.get(..2), "those behind are read by their numbers");
    let persons = read(store, |view| view.events_with_persons(LogScope::Tenant(&scope(1)), None, 1));
    assert!(persons.iter().all(|(seq, _)| seq.0 > BLOCK_LEAVES), "what they knew of persons went with them");
    assert_eq!(blocks(store, 1, LATER, u64::MAX, 9), [1], "the next is the oldest now");
    assert_eq!(prune(store, 1, &second), BLOCK_LEAVES);
    record_all(store, &mixed_events(&scope(1), BLOCK_LEAVES));
    let size = read(store, |view| view.log_head(LogScope::Tenant(&scope(1)))).seq();
    assert!(size > 3 * BLOCK_LEAVES, "the log goes on: its numbers are not given out again");
    let Fixture { adapter, reopen } = fixture;
    drop(adapter);
    if let Some(reopen) = reopen {
        let again = reopen();
        let store = &*again.adapter;
        let pruned = read(store, |view| view.pruned_blocks(LogScope::Tenant(&scope(1))));
        assert_eq!(pruned, 2, "it outlives a restart");
        let numbers: Vec<u64> = log(store, &scope(1)).iter().map(|event| event.seq).collect();
        assert_eq!(numbers.first(), Some(&(2 * BLOCK_LEAVES + 1)), "and nothing comes back");
        for _ in 0..LOOKS {
            if blocks(store, 1, LATER, u64::MAX, 9) == [2] {
                return;
            }
            sleep(BETWEEN_LOOKS);
        }
        panic!("the index goes on behind what is pruned");
    }
}

/// Roots of every size, and proofs of what is gone.
pub fn u1_what_is_pruned_still_proves_what_it_proved(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    grow(store);
    let leaves: Vec<NodeHash> = log(store, &scope(1)).iter().map(RecordedEvent::leaf).collect();
    let sizes = [1, 700, 1_023, 1_024, 1_025, 1_500, 2_048, 2_100];
    let roots = || {
        read(store, move |view| {
            let scope = scope(1);
            let mut tree = LogTree::open(view, LogScope::Tenant(&scope))?;
            let root = |size| tree.root_at(size).map_err(StoreError::failed);
            sizes.into_iter().map(root).collect::<Result<Vec<_>, _>>()
        })
    };
    let before = roots();
    let first = read_block(store, 1, 0);
    assert_eq!(Some(&*first.leaves), leaves.get(..1_024), "what stays of a block is its leaves");
    prune(store, 1, &first);
    let kept = |block| read(store, move |view| view.pruned_leaves(LogScope::Tenant(&scope(1)), block));
    assert_eq!(kept(0).as_ref(), Some(&first.leaves), "they are read back");
    assert_eq!((kept(1), kept(9)), (None, None), "of no other block");
    assert_eq!(roots(), before, "each size has the root that it had");
    for (seq, of) in [(1, 1_024), (500, 777), (1_024, 2_100), (1_025, 2_100)] {
        let proofs = store.read(&scope(1), move |view| {
            let scope = scope(1);
            let mut tree = LogTree::open(view, LogScope::Tenant(&scope))?;
            Ok::<_, LogTreeError>((tree.inclusion(seq, of)?, tree.consistency(seq, of)?))
        });
        let ((inclusion, root), (consistency, [from, to])) = proofs.wait().expect("a proof is given");
        let leaf = usize::try_from(seq - 1).ok().and_then(|at| leaves.get(at)).copied();
        assert_eq!(
            leaf.map(|leaf| inclusion.check(leaf, &root)),
            Some(Ok(())),
            "event {seq} is proved in {of}"
        );
        assert_eq!(consistency.check(&from, &to), Ok(()), "the first {seq} are proved the beginning of {of}");
    }
}

/// Whatever another's has.
pub fn z1_a_tenants_log_is_pruned_by_its_scope_only(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    grow(store);
    assert_eq!(blocks(store, 2, LATER, u64::MAX, 9), [0], "a tenant is told of its own blocks");
    let before = log(store, &scope(2));
    prune(store, 1, &read_block(store, 1, 0));
    assert_eq!(log(store, &scope(2)), before, "another's log stays as it was");
    let leaves = read(store, |view| view.pruned_leaves(LogScope::Tenant(&scope(2)), 0));
    assert_eq!(leaves, None, "and has no leaves of it");
}
