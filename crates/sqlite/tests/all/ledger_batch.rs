//! Tests of transfers that are written together.

use syft_space_domain::audit::Log;
use syft_space_domain::ids::{ActorId, EventId, PolicyId};
use syft_space_domain::ledger::{
    AccountBalance, Amount, Balance, Period, RequestDigest, Span, Transfer, TransferFilter, TransferKey,
};
use syft_space_domain::page::{PageLimit, PageRequest};
use syft_space_domain::store::{StoreError, Tx};
use syft_space_domain::unit::{Abort, Recorded, Refused};
use syft_space_sqlite::SqliteStore;
use tempfile::TempDir;

use crate::support::{
    endpoint_id, event, execute, gap_free, hold_up, keep, open, port, read, scope, tenant, time, write_scope,
};

/// What one unit does.
#[derive(Debug, Clone, Copy)]
struct Work {
    /// Of which tenant.
    tenant: u64,
    /// The transfer that it adds; one of before, now and then.
    transfer: u64,
    /// Whose account it is, and for which request.
    payer: u8,
    request: Option<u8>,
    end: End,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum End {
    Kept,
    Refused,
    Failed,
    /// It looks through the whole ledger first.
    Lists,
    /// It adds a second transfer.
    Twice,
    /// A transfer of before goes first, if it is there.
    Removes,
}

/// What a unit was told, and what it has led to.
type Told = (Option<u8>, Vec<[Balance; 2]>, Option<usize>, Balance);

#[derive(Debug, PartialEq)]
enum Ended {
    Kept(Box<Told>),
    Refused,
    Failed,
}

impl From<StoreError> for Ended {
    fn from(_: StoreError) -> Self {
        Self::Failed
    }
}

fn transfer(work: &Work, number: u64) -> Transfer {
    let mut event = [0; 16];
    event[8..].copy_from_slice(&number.to_be_bytes());
    let charged = Balance {
        units: number % 5 + 1,
        free_units: u64::from(number.is_multiple_of(3)),
        amount: Amount::from_micros(number),
    };
    Transfer {
        key: TransferKey { event: EventId::from_bytes(event), policy: PolicyId::from_bytes([1; 16]) },
        time: time(i64::try_from(number).unwrap()),
        payer: ActorId::from_bytes([work.payer; 16]),
        endpoint: endpoint_id(1),
        span: Span { period: Period::Month, begins: time(0) },
        currency: "EUR".parse().unwrap(),
        charged,
        request: work.request.map(|request| RequestDigest([request; 32])),
        repeats: 0,
    }
}

fn perform(tx: &mut dyn Tx, work: &Work) -> Result<Told, StoreError> {
    let scope = write_scope(work.tenant);
    let (adding, page) =
        (transfer(work, work.transfer), PageRequest { limit: PageLimit::LARGEST, after: None });
    let listed = match work.end {
        End::Lists => Some(tx.transfers(&scope, &TransferFilter::default(), page)?.items.len()),
        _ => None,
    };
    if work.end == End::Removes {
        tx.remove_transfer(&scope, transfer(work, work.transfer / 2).key)?;
    }
    let mut repeats = None;
    let mut balances = Vec::new();
    let known = match &adding.request {
        Some(request) => tx.repeatable_transfer(&scope, request, adding.key.policy, time(0))?,
        None => None,
    };
    if let Some(known) = known {
        tx.count_repeat(&scope, known.key)?;
        repeats = Some(known.repeats);
    } else {
        balances.push(tx.add_transfer(&scope, &adding)?);
        if work.end == End::Twice {
            balances.push(tx.add_transfer(&scope, &transfer(work, work.transfer + 1_000_000))?);
        }
    }
    let [payer, _] = adding.balances();
    Ok((repeats, balances, listed, tx.balance(&scope, &payer)?))
}

/// Does all this, so many units at a time, and answers how each ended and what the ledger comes to.
fn ledger_of(all: &[Work], together: usize) -> (Vec<Ended>, Vec<Transfer>, Vec<AccountBalance>) {
    let home = TempDir::new().unwrap();
    let store = open(home.path());
    keep(&store, |tx| {
        tx.add_tenant(&tenant(1))?;
        tx.add_tenant(&tenant(2))
    });
    let mut ended = Vec::new();
    for some in all.chunks(together) {
        let (release, held) = hold_up(&store);
        let submitted: Vec<_> = some.iter().map(|work| submit(&store, *work)).collect();
        release.send(()).unwrap();
        held.wait().unwrap();
        ended.extend(submitted.into_iter().map(|receipt| match receipt.wait() {
            Ok(told) => Ended::Kept(Box::new(told)),
            Err(ended) => ended,
        }));
    }
    gap_free(&store, Log::Installation);
    let (mut transfers, mut balances) = (Vec::new(), Vec::new());
    for n in [1, 2] {
        let limit = PageLimit::LARGEST;
        let found = read(&store, move |view| {
            let any = TransferFilter::default();
            let transfers = view.transfers(&scope(n), &any, PageRequest { limit, after: None })?;
            Ok((transfers, view.balances(&scope(n), PageRequest { limit, after: None })?))
        });
        let (of_tenant, accounts) = found.unwrap();
        transfers.extend(of_tenant.items);
        balances.extend(accounts.items);
    }
    (ended, transfers, balances)
}

fn submit(store: &SqliteStore, work: Work) -> syft_space_domain::unit::Receipt<Told, Ended> {
    port(store).write(move |tx| {
        let told = perform(tx, &work)?;
        match work.end {
            End::Refused => Err(Refused::new(Ended::Refused, event(Log::Installation)).into()),
            End::Failed => Err(Abort::Store(StoreError::Busy)),
            End::Kept | End::Lists | End::Twice | End::Removes => {
                Ok(Recorded::new(told, event(Log::Installation)))
            }
        }
    })
}

#[test]
fn z2_transfers_that_are_written_together_come_to_what_they_come_to_one_by_one() {
    let mut state = 17_u64;
    let mut below = |limit: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % limit
    };
    let small = |n: u64| u8::try_from(n).unwrap();
    let (mut kinds, mut gone) = ([0; 3], 0);
    for round in 0..8 {
        let work: Vec<Work> = (0..80)
            .map(|n| Work {
                tenant: 1 + below(2),
                // Now and then one that is there already: then all of them are written one by one.
                transfer: if below(60) == 0 && round % 3 == 0 { below(10) } else { n },
                payer: small(below(4)),
                request: (below(2) == 0).then_some(small(below(6))),
                end: match below(20) {
                    0..3 => End::Refused,
                    3..5 => End::Failed,
                    5 if round % 4 == 0 => End::Lists,
                    6..8 => End::Twice,
                    8 if round % 4 == 1 => End::Removes,
                    _ => End::Kept,
                },
            })
            .collect();
        let (alone, together) = (ledger_of(&work, 1), ledger_of(&work, 40));
        assert_eq!(together, alone, "round {round}");
        let [ended, ..] = [&alone.0];
        for one in ended {
            kinds[match one {
                Ended::Kept(told) if told.0.is_some() => 0,
                Ended::Kept(_) => 1,
                Ended::Refused | Ended::Failed => 2,
            }] += 1;
        }
        let sums = alone.2.iter().map(|account| account.balance.units).sum::<u64>();
        let past = alone.2.iter().map(|account| account.brought_forward.units).sum::<u64>();
        let units = alone.1.iter().map(|transfer| transfer.charged.units).sum::<u64>();
        assert_eq!(sums, 2 * units + past, "both sides of each transfer");
        gone += past;
    }
    assert!(kinds.iter().all(|count| *count > 30) && gone > 0, "each happens: {kinds:?}, {gone}");
}

#[test]
fn g4_a_charge_whose_balance_somebody_else_removed_does_not_go() {
    let home = TempDir::new().unwrap();
    let store = open(home.path());
    let work = Work { tenant: 1, transfer: 1, payer: 1, request: None, end: End::Kept };
    keep(&store, |tx| tx.add_tenant(&tenant(1)));
    keep(&store, move |tx| tx.add_transfer(&write_scope(1), &transfer(&work, 1)).map(drop));
    execute(&home.path().join("app.db"), "DELETE FROM balances;");
    let remove = crate::support::submit(&store, move |tx| {
        tx.remove_transfer(&write_scope(1), transfer(&work, 1).key).map(drop)
    });
    assert!(
        matches!(remove.wait(), Err(StoreError::LedgerDamaged(_))),
        "it shows what was done to the ledger"
    );
    let page = PageRequest { limit: PageLimit::LARGEST, after: None };
    let left = read(&store, move |view| view.transfers(&scope(1), &TransferFilter::default(), page));
    assert_eq!(left.unwrap().items.len(), 1);
}
