//! Random queries that are charged, answered, given up and cut off by crashes: whatever comes, the ledger says to the last unit
//! what was answered, and no budget is passed. `LEDGER_OPERATIONS` says how many; one in two hundred is a crash.

#![cfg(test)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_executor::block_on;
use serde_json::json;
use syft_space_conformance::sample;
use syft_space_domain::audit::{Action, Event, Log};
use syft_space_domain::ids::{ActorId, EndpointId, EventId, HubId, PolicyId};
use syft_space_domain::ledger::{
    AccountBalance, Amount, Balance, LedgerAccount, MAX_REPEATS, REPEATED_WITHIN, RequestDigest, Span,
    Transfer, TransferFilter, TransferKey,
};
use syft_space_domain::page::{Page, PageLimit, PageRequest};
use syft_space_domain::policy::{
    AccountingConfiguration, Caller, CompiledPolicy, DecisionContext, ObligationContext, Obligations,
    PolicySet, PolicyTypes, PricedUnit, QueryFacts, Release, Resource, Subject,
};
use syft_space_domain::random::Entropy;
use syft_space_domain::store::{NoopHook, Store, StoreError};
use syft_space_domain::tenant::{TenantScope, WriteScope};
use syft_space_domain::time::Timestamp;
use syft_space_domain::unit::{Abort, Recorded};
use syft_space_memory::{MemoryStore, SeededEntropy};

/// Numbers that are the same in each run.
struct Dice(SeededEntropy);

impl Dice {
    /// A number below another.
    fn below(&mut self, most: u64) -> u64 {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes).unwrap();
        u64::from_be_bytes(bytes) % most
    }

    fn one_to(&mut self, most: u8) -> u8 {
        u8::try_from(self.below(u64::from(most)) + 1).unwrap()
    }

    fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(u64::try_from(length).unwrap())).unwrap()
    }
}

const PAYERS: u8 = 4;
const ENDPOINTS: u8 = 2;
/// Which of the payers asks, and where.
type Who = (ActorId, EndpointId);

/// Two policies: one that charges queries, and one that charges documents, with other periods.
fn configurations() -> [serde_json::Value; 2] {
    [
        json!({"price": "0.3", "currency": "EUR", "period": "day", "free_quota": 3, "budget": "7", "endpoint_budget": "11"}),
        json!({"price": "0.000001", "currency": "POINTS", "unit": "document", "period": "month", "budget": "0.0005"}),
    ]
}

/// A process: what it remembers is gone with it.
struct Process {
    policies: PolicySet,
}

impl Process {
    fn start() -> Self {
        let types = PolicyTypes::default();
        let compiled = configurations().into_iter().zip(1..).map(|(configuration, n)| {
            let configuration = types.parse("accounting", &configuration).unwrap();
            Arc::new(CompiledPolicy::compile(&types, PolicyId::from_bytes([n; 16]), 1, &configuration))
        });
        let access = types.parse("access", &json!({"mode": "allow", "patterns": ["*"]})).unwrap();
        let access = CompiledPolicy::compile(&types, PolicyId::from_bytes([9; 16]), 1, &access);
        Self { policies: PolicySet::new(compiled.chain([Arc::new(access)])) }
    }
}

/// A query that was let in and is not answered yet.
struct UnderWay {
    obligations: Obligations,
    request: Option<RequestDigest>,
    begun: Timestamp,
    who: Who,
    limit: usize,
}

/// What the ledger must say, kept by the simplest means.
#[derive(Default)]
struct Expected {
    balances: BTreeMap<(PolicyId, LedgerAccount, Span), Balance>,
    transfers: Vec<Transfer>,
}

struct World {
    store: Arc<dyn Store>,
    process: Process,
    now: Timestamp,
    events: u128,
    under_way: Vec<UnderWay>,
    expected: Expected,
}

impl World {
    fn new() -> Self {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new(Arc::new(NoopHook)));
        let event = sample::event(Log::Installation, Action::ConfigChange);
        let tenant = sample::tenant(1);
        store
            .write(move |tx| {
                tx.add_tenant(&tenant)?;
                Ok::<_, Abort<StoreError>>(Recorded::new((), event.clone()))
            })
            .wait()
            .unwrap();
        Self {
            store,
            process: Process::start(),
            now: Timestamp::parse("2026-11-24T09:30:00Z").unwrap(),
            events: 0,
            under_way: Vec::new(),
            expected: Expected::default(),
        }
    }

    fn begin(&mut self, who: Who, limit: usize, request: Option<RequestDigest>) {
        let facts =
            QueryFacts { principal: Some(who.0), documents: Some(limit), request, ..QueryFacts::default() };
        let caller = Caller::HubUser {
            hub: Some(HubId::from_bytes([7; 16])),
            subject: Subject::Identified { email: None },
        };
        let context = DecisionContext::at(self.now).of_query(facts);
        let decision = self.process.policies.decide(Resource::published(who.1), &caller, &context);
        let context = ObligationContext::in_store(self.now, &self.store, sample::scope(1));
        let (decision, obligations) = block_on(decision.perform(&context));
        if decision.is_allow() {
            self.under_way.push(UnderWay { obligations, request, begun: self.now, who, limit });
        }
    }

    /// Answers a query with so many documents. Answers whether it was written.
    fn answer(&mut self, mut query: UnderWay, documents: usize) -> bool {
        self.events += 1;
        let id = EventId::from_bytes(self.events.to_be_bytes());
        let postings = query.obligations.postings(documents);
        let event = Event { id, ..sample::event(&sample::scope(1), Action::EndpointQuery) };
        let written = self.store.write(move |tx| {
            let scope = WriteScope::assume(&sample::scope(1), "a test answers queries");
            for posting in &postings {
                if !posting.post(tx, &scope, id)? {
                    return Err(Abort::Store(StoreError::Busy));
                }
            }
            Ok::<_, Abort<StoreError>>(Recorded::new((), event.clone()))
        });
        if written.wait().is_err() {
            query.obligations.release(Release::Failed);
            return false;
        }
        let entries = query.obligations.entries();
        for (configuration, n) in configurations().iter().zip(1..) {
            let policy = PolicyId::from_bytes([n; 16]);
            let told = entries.iter().filter_map(|entry| entry.charge);
            let told =
                told.filter(|charge| charge.transaction.id.policy == policy).map(|charge| charge.amount);
            assert_eq!(
                told.collect::<Vec<_>>(),
                [self.expect(&query, documents, policy, id, configuration)],
                "the caller is told what the ledger has"
            );
        }
        query.obligations.settle();
        true
    }

    /// Charges the caller in what is expected, and answers how much.
    fn expect(
        &mut self,
        query: &UnderWay,
        documents: usize,
        policy: PolicyId,
        event: EventId,
        configuration: &serde_json::Value,
    ) -> Amount {
        let read = AccountingConfiguration::parse(configuration).unwrap();
        let since = query.begun.minus(REPEATED_WITHIN);
        let same = self.expected.transfers.iter_mut().filter(|transfer| {
            transfer.key.policy == policy
                && query.request.is_some()
                && transfer.request == query.request
                && transfer.time >= since
                && transfer.repeats < MAX_REPEATS
        });
        if let Some(known) = same.max_by_key(|transfer| (transfer.time, transfer.key)) {
            known.repeats += 1;
            return Amount::ZERO;
        }
        let span = Span::of(read.period, query.begun);
        let (payer, endpoint) = (LedgerAccount::Payer(query.who.0), LedgerAccount::Endpoint(query.who.1));
        let units = match read.unit {
            PricedUnit::Query => 1,
            PricedUnit::Document => u64::try_from(documents.min(query.limit)).unwrap(),
        };
        // How much of it is free was said when it was let in; what was charged is in the ledger.
        let key = TransferKey { event, policy };
        let scope = sample::scope(1);
        let found = find(&*self.store, scope, key, query);
        let charged = found.charged;
        assert_eq!(charged.units, units);
        assert_eq!(charged.amount, read.price.times(units - charged.free_units));
        for account in [payer, endpoint] {
            let balance = self.expected.balances.entry((policy, account, span)).or_default();
            *balance = balance.plus(charged);
        }
        self.expected.transfers.push(found);
        charged.amount
    }

    /// No budget is passed, and each balance is what was answered.
    fn check(&self) {
        let mut after = None;
        let mut found = BTreeMap::new();
        loop {
            let (scope, page) = (sample::scope(1), PageRequest { limit: PageLimit::LARGEST, after });
            let page = self.store.read(&scope, move |view| view.balances(&scope, page)).wait();
            let page: Page<_, _> = page.unwrap();
            for account in page.items {
                let account: AccountBalance = account;
                found.insert((account.key.policy, account.key.account, account.key.span), account.balance);
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(found, self.expected.balances);
        let (mut debits, mut credits) = (Amount::ZERO, Amount::ZERO);
        for ((policy, account, _), balance) in &found {
            let [first, second] = configurations();
            let configuration = if *policy == PolicyId::from_bytes([1; 16]) { first } else { second };
            let read = AccountingConfiguration::parse(&configuration).unwrap();
            let budget = match account {
                LedgerAccount::Payer(_) => {
                    debits = debits.plus(balance.amount);
                    assert!(balance.free_units <= read.free_quota, "no more is free than is said");
                    read.budget
                }
                LedgerAccount::Endpoint(_) => {
                    credits = credits.plus(balance.amount);
                    read.endpoint_budget
                }
            };
            assert!(budget.is_none_or(|most| balance.amount <= most), "{balance:?} passes {budget:?}");
        }
        assert_eq!(debits, credits, "both sides of the ledger come to the same");
    }
}

/// The transfer that was just written: its caller has not many of the time at which the query was let in.
fn find(store: &dyn Store, scope: TenantScope, key: TransferKey, query: &UnderWay) -> Transfer {
    let UnderWay { begun, who: (payer, endpoint), .. } = *query;
    let filter =
        TransferFilter { payer: Some(payer), endpoint: Some(endpoint), since: Some(begun), until: None };
    let page = PageRequest { limit: PageLimit::LARGEST, after: None };
    let found = store.read(&scope, move |view| view.transfers(&scope, &filter, page)).wait();
    let found: Page<Transfer, _> = found.unwrap();
    found.items.into_iter().find(|transfer| transfer.key == key).expect("it is in the ledger")
}

/// How many operations one ledger sees.
const ROUND: u64 = 10_000;

#[test]
fn z2_whatever_is_cut_off_the_ledger_has_what_was_answered_and_no_budget_is_passed() {
    let operations = std::env::var("LEDGER_OPERATIONS").map_or(ROUND, |count| count.parse().unwrap());
    let mut counts = Counts::default();
    for round in 0..operations.div_ceil(ROUND) {
        run(round, &mut counts);
    }
    let Counts { answered, refused, crashes } = counts;
    println!("{operations} operations: {answered} answered, {refused} refused, {crashes} crashes");
    assert!(crashes > 0 && answered > operations / 20 && refused > operations / 20);
}

#[derive(Default)]
struct Counts {
    answered: u64,
    refused: u64,
    crashes: u64,
}

fn run(seed: u64, counts: &mut Counts) {
    let mut dice = Dice(SeededEntropy::new(seed));
    let mut world = World::new();
    for _ in 0..ROUND {
        match dice.below(1_000) {
            0..500 => {
                let (payer, endpoint) = (dice.one_to(PAYERS), dice.one_to(ENDPOINTS));
                let who = (ActorId::from_bytes([payer; 16]), EndpointId::from_bytes([endpoint; 16]));
                let request = (dice.below(10) < 3).then(|| {
                    let mut digest = [dice.one_to(3); 32];
                    (digest[0], digest[1]) = (payer, endpoint);
                    RequestDigest(digest)
                });
                let before = world.under_way.len();
                world.begin(who, usize::from(dice.one_to(5)), request);
                counts.refused += u64::from(world.under_way.len() == before);
            }
            500..900 if !world.under_way.is_empty() => {
                let query = world.under_way.swap_remove(dice.index(world.under_way.len()));
                let documents = dice.index(query.limit + 1);
                counts.answered += u64::from(world.answer(query, documents));
            }
            900..980 if !world.under_way.is_empty() => {
                let query = world.under_way.swap_remove(dice.index(world.under_way.len()));
                query.obligations.release(Release::Canceled);
            }
            980..995 => world.now = world.now.plus(Duration::from_secs(dice.below(20_000))),
            995..1_000 => {
                // What was held is gone with the process, and nobody is told.
                world.under_way.drain(..).for_each(|query| std::mem::forget(query.obligations));
                world.process = Process::start();
                world.check();
                counts.crashes += 1;
            }
            _ => {}
        }
    }
    world.check();
    // Nothing of what was given up is held: in a new month everybody is let in.
    world.under_way.drain(..).for_each(|query| query.obligations.release(Release::Refused));
    world.now = world.now.plus(Duration::from_secs(32 * 86_400));
    for payer in 1..=PAYERS {
        world.begin((ActorId::from_bytes([payer; 16]), EndpointId::from_bytes([1; 16])), 5, None);
    }
    assert_eq!(world.under_way.len(), usize::from(PAYERS));
}
