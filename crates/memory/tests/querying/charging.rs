//! What queries cost: what is charged, what is held meanwhile, and when nothing is left to spend.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use syft_space_conformance::sample;
use syft_space_domain::access::Role;
use syft_space_domain::audit::{Action, Log};
use syft_space_domain::dataset::ports::SearchError;
use syft_space_domain::endpoint::{Answer, EndpointName, Query, QueryError, QueryRefusal};
use syft_space_domain::identity::Principal;
use syft_space_domain::ids::EventId;
use syft_space_domain::ledger::{
    self, Amount, Balance, BalanceKey, LedgerAccount, Period, Reconciliation, RequestDigest, Span, Transfer,
    TransferFilter, TransferKey,
};
use syft_space_domain::marketplace::HubRole;
use syft_space_domain::page::{PageLimit, PageRequest};
use syft_space_domain::policy::{HypotheticalCaller, HypotheticalQuery, PolicyOutcome, Reason, explain};
use syft_space_domain::retention::{self, RetentionKind};
use syft_space_domain::store::StoreError;
use syft_space_domain::tenant::{OperatorScope, WriteScope};
use syft_space_domain::time::Clock;
use syft_space_domain::unit::{Abort, Recorded};

use crate::hub_users::Hub;
use crate::ports::Search;
use crate::world::{World, block_on, join, log_in, policy, poll, question};

fn priced(configuration: Value) -> World {
    let world = World::new();
    world.attach_all(&[("accounting", configuration)]);
    world.forget_events();
    world
}

/// Two cents a query, and what else is said.
fn two_cents(more: &Value) -> World {
    let mut configuration = json!({"price": "0.02", "currency": "EUR"});
    configuration.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    priced(configuration)
}

fn refusal(answered: Result<Answer, QueryError>) -> QueryRefusal {
    match answered {
        Err(QueryError::Refused(refusal)) => refusal,
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("it was answered"),
    }
}

fn cents(cents: u64) -> Amount {
    Amount::from_micros(cents * 10_000)
}

impl World {
    fn transfers(&self) -> Vec<Transfer> {
        let (scope, page) = (self.scope, PageRequest { limit: PageLimit::LARGEST, after: None });
        self.space
            .store
            .read(&scope, move |view| view.transfers(&scope, &TransferFilter::default(), page))
            .wait()
            .unwrap()
            .items
    }

    fn balances(&self) -> Vec<(LedgerAccount, Balance)> {
        let (scope, page) = (self.scope, PageRequest { limit: PageLimit::LARGEST, after: None });
        let read = self.space.store.read(&scope, move |view| view.balances(&scope, page));
        let accounts = read.wait().unwrap().items.into_iter();
        accounts.map(|account| (account.key.account, account.balance)).collect()
    }

    fn repeat(&self, principal: &Principal, question: Query, id: &str) -> Result<Answer, QueryError> {
        let query = question.correlated(Some(id.parse().unwrap()));
        block_on(self.open(principal)?.run(query))
    }
}

fn cost(answer: &Answer) -> Amount {
    answer.cost().into_values().fold(Amount::ZERO, Amount::plus)
}

#[test]
fn z2_each_answer_is_charged_once_and_stands_in_the_ledger_with_its_event() {
    let world = two_cents(&json!({}));
    let answers =
        [&world.member, &world.owner, &world.member].map(|caller| world.query(caller).ok().unwrap());
    for answer in &answers {
        let [entry] = &*answer.policy.entries else { panic!("{:?}", answer.policy.entries) };
        assert_eq!((answer.policy.outcome, entry.status), (PolicyOutcome::Success, "charged"));
        assert_eq!(cost(answer), cents(2));
    }
    let events: BTreeSet<EventId> = world.recorded().iter().map(|event| event.id).collect();
    let transferred: BTreeSet<TransferKey> = world.transfers().iter().map(|transfer| transfer.key).collect();
    assert_eq!(transferred.iter().map(|key| key.event).collect::<BTreeSet<_>>(), events);
    let told = answers.iter().map(|answer| answer.policy.entries[0].charge.unwrap().transaction.id);
    assert_eq!((told.collect::<BTreeSet<_>>(), transferred.len()), (transferred, 3));
    // Both sides come to the same.
    let (mut earned, mut spent) = (Amount::ZERO, Vec::new());
    for (account, balance) in world.balances() {
        match account {
            LedgerAccount::Endpoint(id) => {
                assert_eq!(id, world.endpoint.id);
                earned = earned.plus(balance.amount);
            }
            LedgerAccount::Payer(_) => spent.push((balance.units, balance.amount)),
        }
    }
    spent.sort_unstable();
    assert_eq!((earned, spent), (cents(6), vec![(1, cents(2)), (2, cents(4))]));
}

#[test]
fn z2_a_budget_is_never_passed_and_is_renewed_with_its_period() {
    let world = two_cents(&json!({"budget": "0.05", "period": "day"}));
    for _ in 0..2 {
        world.query(&world.member).unwrap();
    }
    let refused = refusal(world.query(&world.member));
    assert_eq!(refused.policy.outcome, PolicyOutcome::PaymentRequired);
    let entry = refused.policy.entries.first().unwrap();
    assert_eq!((entry.policy_type, entry.kind, entry.status), ("accounting", "payment", "rejected"));
    assert_eq!(entry.reason_code, Some("INSUFFICIENT_BALANCE"));
    assert_eq!(world.events().last().unwrap(), "policy_violation denied payment_required on it");
    // Explaining agrees, and so would it for somebody who has not asked yet.
    let explained = |principal: &Principal| {
        let somebody = HypotheticalCaller::Address(principal.email().unwrap().clone());
        let (owner, name) = (world.renewed(&world.owner), EndpointName::Id(world.endpoint.id));
        let query = HypotheticalQuery::default();
        block_on(explain(&world.space, &owner, &name, &somebody, &query)).unwrap().decision
    };
    let decision = explained(&world.member);
    assert_eq!((decision.is_allow(), decision.diagnostics.reason), (false, Reason::LimitReached));
    assert_eq!(&*decision.diagnostics.decided_by.unwrap().rule, "budget 0.05 EUR");
    assert!(explained(&world.owner).is_allow());
    world.query(&world.owner).unwrap();
    // Half past nine it is; the day ends at midnight.
    world.clock.advance(Duration::from_secs(14 * 3_600 + 1_799));
    let member = log_in(&world.space, world.member.email().unwrap());
    refusal(world.query(&member));
    world.clock.advance(Duration::from_secs(1));
    world.query(&member).unwrap();
    assert_eq!(world.transfers().len(), 4);
}

#[test]
fn z2_all_callers_of_an_endpoint_together_never_pass_its_budget() {
    let world = two_cents(&json!({"endpoint_budget": "0.04", "free_quota": 1}));
    for _ in 0..2 {
        world.query(&world.member).unwrap();
    }
    let free = world.query(&world.owner).ok().unwrap();
    assert_eq!((free.policy.entries[0].status, cost(&free)), ("free", Amount::ZERO));
    world.query(&world.owner).unwrap();
    for caller in [&world.member, &world.owner] {
        refusal(world.query(caller));
    }
    // What is free costs the endpoint's budget nothing, so a newcomer is let in.
    let newcomer = join(&world.space, &world.owner, "nora@harbor.example", Role::User);
    world.query(&newcomer).unwrap();
    refusal(world.query(&newcomer));
}

#[test]
fn z2_documents_are_charged_as_they_are_shown_and_no_more_are_held_than_can_be() {
    let world = priced(json!({
        "price": "1", "currency": "EUR", "unit": "document", "budget": "7", "free_quota": 1,
    }));
    world.put("gulls", "Gulls dive for krill, too.");
    // Five are asked for and two are shown, of which one is free.
    let answer = world.query(&world.member).ok().unwrap();
    assert_eq!(cost(&answer), Amount::from_micros(1_000_000));
    let answer = world.query(&world.member).ok().unwrap();
    assert_eq!(cost(&answer), Amount::from_micros(2_000_000));
    // Four are left, and five might be shown.
    refusal(world.query(&world.member));
    let fewer = || Query::new(question().conversation().clone(), 4, 0.0).unwrap();
    block_on(world.open(&world.member).unwrap().run(fewer())).unwrap();
    refusal(block_on(world.open(&world.member).unwrap().run(fewer())));
    let [transfer, ..] = &*world.transfers() else { panic!("nothing was charged") };
    let amount = Amount::from_micros(1_000_000);
    assert_eq!(transfer.charged, Balance { units: 2, free_units: 1, amount });
}

#[test]
fn z2_what_is_not_answered_costs_nothing_and_is_held_until_then() {
    let world = two_cents(&json!({"budget": "0.02"}));
    world.engine.set(Search::Fail(SearchError::Failed("torn".to_owned())));
    assert!(world.query(&world.member).is_err());
    // Nor does what its caller gives up: until then it is held.
    world.engine.set(Search::Wait);
    {
        let mut waiting = pin!(world.open(&world.member).unwrap().run(question()));
        assert!(poll(waiting.as_mut()).is_pending());
        refusal(world.query(&world.member));
    }
    world.engine.set(Search::Answer);
    assert!(world.transfers().is_empty());
    world.query(&world.member).unwrap();
    refusal(world.query(&world.member));
    assert_eq!(world.transfers().len(), 1);
}

#[test]
fn z2_the_same_request_costs_nothing_for_two_minutes_and_two_repeats() {
    let world = two_cents(&json!({"budget": "0.08"}));
    let charged = |answer: Result<Answer, QueryError>| cost(&answer.ok().unwrap()) > Amount::ZERO;
    let repeat = |id| charged(world.repeat(&world.member, question(), id));
    assert_eq!([repeat("a"), repeat("a"), repeat("a")], [true, false, false]);
    world.clock.advance(Duration::from_secs(1));
    assert!(repeat("a"));
    // Another request under the same id is no repeat, nor is anybody else's.
    let other = Query::new(question().conversation().clone(), 7, 0.0).unwrap();
    assert!(charged(world.repeat(&world.member, other, "a")));
    assert!(charged(world.repeat(&world.owner, question(), "a")));
    world.clock.advance(Duration::from_secs(120));
    assert!(!repeat("a"), "two minutes ago it was charged last");
    world.clock.advance(Duration::from_micros(1));
    assert!(repeat("a"));
    // All is spent; what was paid is answered again all the same.
    refusal(world.query(&world.member));
    assert!(!repeat("a"));
    let free = world.repeat(&world.member, question(), "a").ok().unwrap();
    assert_eq!(free.policy.entries[0].status, "free");
    let last = *world.transfers().last().map(|transfer| &transfer.key).unwrap();
    assert_eq!(free.policy.entries[0].charge.unwrap().transaction.id, last);
    refusal(world.repeat(&world.member, question(), "a"));
}

/// Of many at once, one that was let in before another may be charged behind it.
#[test]
fn z2_a_repeat_is_free_as_long_as_any_that_was_charged_has_one_left() {
    let world = two_cents(&json!({"budget": "0.04"}));
    let charged = |answer: Result<Answer, QueryError>| cost(&answer.ok().unwrap()) > Amount::ZERO;
    let repeat = || world.repeat(&world.member, question(), "a");
    let before = world.clock.now();
    world.clock.advance(Duration::from_secs(1));
    assert_eq!([repeat(), repeat(), repeat()].map(charged), [true, false, false]);
    world.clock.set(before);
    assert_eq!([repeat(), repeat(), repeat()].map(charged), [true, false, false]);
    refusal(repeat());
}

#[test]
fn f4_a_guest_has_no_account_and_is_refused_where_queries_are_charged() {
    let hub = Hub::new(&[]);
    let accounting = ("accounting", json!({"price": "0", "currency": "EUR"}));
    hub.world.attach_all(&[("access", policy("allow", &["*"])), accounting.clone()]);
    hub.world.query(&hub.caller("alice", HubRole::User)).unwrap();
    let guests = json!({"mode": "allow", "patterns": ["*"], "guests": true});
    hub.world.attach_all(&[("access", guests), accounting]);
    let refused = refusal(hub.world.query(&hub.caller("guest", HubRole::Guest)));
    assert_eq!(refused.policy.outcome, PolicyOutcome::PaymentRequired);
    assert_eq!(hub.world.transfers().len(), 1);
}

#[test]
fn z2_what_the_ledger_says_counts_whatever_is_remembered() {
    let world = two_cents(&json!({"budget": "0.06"}));
    world.query(&world.member).unwrap();
    let [known] = &*world.transfers() else { panic!("one was charged") };
    // Somebody else charges the same account in the same store.
    let key = TransferKey { event: EventId::from_bytes([9; 16]), ..known.key };
    let foreign = Transfer { key, request: Some(RequestDigest([1; 32])), ..known.clone() };
    let (scope, event) = (world.scope, world.recorded().pop().unwrap());
    let event = syft_space_domain::audit::Event { id: key.event, ..event };
    let written = world.space.store.write(move |tx| {
        let scope = WriteScope::assume(&scope, "a test writes into the ledger");
        tx.add_transfer(&scope, &foreign)?;
        Ok::<_, syft_space_domain::unit::Abort<StoreError>>(Recorded::new((), event.clone()))
    });
    written.wait().unwrap();
    world.query(&world.member).unwrap();
    // It is remembered that two were charged, and they were three: nothing is answered, and then nothing is looked for.
    for _ in 0..2 {
        assert_eq!(refusal(world.query(&world.member)).policy.outcome, PolicyOutcome::PaymentRequired);
    }
    assert_eq!(world.events().last().unwrap(), "policy_violation denied payment_required on it");
    let span = Span::of(Period::Month, world.space.clock.now());
    let account = LedgerAccount::Payer(known.payer);
    let key = BalanceKey { policy: known.key.policy, account, span, currency: known.currency };
    let scope = world.scope;
    let balance = world.space.store.read(&scope, move |view| view.balance(&scope, &key)).wait().unwrap();
    assert_eq!(balance.amount, cents(6));
}

/// How many transfers there are, whose sums hold; and of the balances of payers the units, and what of them was brought forward.
fn reconciled(world: &World) -> (u64, Vec<(Period, u64, u64)>) {
    let owner = log_in(&world.space, world.owner.email().unwrap());
    let found = block_on(ledger::reconcile(&world.space, &owner)).unwrap();
    assert!(found.is_sound(), "{found:?}");
    let balances = block_on(ledger::balances(&world.space, &owner, PageRequest::default())).unwrap().items;
    let payers = balances.into_iter().filter(|of| matches!(of.key.account, LedgerAccount::Payer(_)));
    let mut told: Vec<_> =
        payers.map(|of| (of.key.span.period, of.balance.units, of.brought_forward.units)).collect();
    told.sort_unstable();
    (found.transfers, told)
}

#[test]
fn g4_charges_go_by_the_month_with_their_term_and_what_still_counts_stays() {
    let world = World::new();
    let price = |period| json!({"price": "0.02", "currency": "EUR", "budget": "0.09", "period": period});
    world.attach_all(&[("accounting", price("month")), ("accounting", price("total"))]);
    let owner = || log_in(&world.space, world.owner.email().unwrap());
    let term = BTreeMap::from([(RetentionKind::Transfers, 90)]);
    block_on(retention::change_terms(&world.space, &world.context(), &owner(), term)).unwrap();
    let days_pass = |days: u64| world.clock.advance(Duration::from_secs(86_400 * days));
    let sweep = || {
        let operator = OperatorScope::at_startup();
        let pauses = AtomicUsize::new(0);
        let pause: retention::Pause = &|_| {
            pauses.fetch_add(1, Ordering::SeqCst);
            Box::pin(async {})
        };
        let before = world.transfers().len();
        let swept = retention::sweep_everywhere(&world.space, &operator, pause);
        assert_eq!(block_on(swept), Ok(Vec::new()));
        let has_removed = world.transfers().len() < before;
        assert_eq!(pauses.into_inner(), usize::from(has_removed), "others have their turn behind a portion");
        reconciled(&world)
    };
    let (month, total) =
        (|units, past| (Period::Month, units, past), |units, past| (Period::Total, units, past));
    // In November, and twice in January.
    world.query(&owner()).unwrap();
    days_pass(40);
    world.query(&owner()).unwrap();
    world.query(&owner()).unwrap();
    let all = (6, vec![month(1, 0), month(2, 0), total(3, 0)]);
    days_pass(56);
    assert_eq!(sweep(), all, "ninety days ago it was still November");
    days_pass(1);
    let due = block_on(retention::due(&world.space, &owner())).unwrap();
    let due: Vec<_> = due.into_iter().map(|due| (due.kind, due.before.to_string(), due.count)).collect();
    assert_eq!(due, [(RetentionKind::Transfers, "2026-12-01T00:00:00Z".to_owned(), 2)]);
    assert_eq!(sweep(), (4, vec![month(2, 0), total(3, 1)]), "November is over, in its balance too");
    let told = "sensitive_delete success transfers_removed_2".to_owned();
    assert!(world.events().contains(&told), "{:?}", world.events());
    days_pass(63);
    assert_eq!(sweep(), (0, vec![total(3, 3)]), "what counts for ever stays");
    world.query(&owner()).unwrap();
    refusal(world.query(&owner()));
    assert_eq!(reconciled(&world).1, [month(1, 0), total(4, 3)], "no budget is larger for what is gone");
}

/// What a ledger comes to, so many days later, that one of two callers is gone from, with their balance: the endpoint has earned from both.
fn without_one_payer(period: &str, days: u64) -> Reconciliation {
    let world = two_cents(&json!({ "period": period }));
    world.query(&world.owner).unwrap();
    world.query(&world.member).unwrap();
    world.query(&world.member).unwrap();
    let of_owner = |transfer: &Transfer| Some(transfer.payer) == world.owner.actor().id();
    let gone = world.transfers().into_iter().find(of_owner).unwrap();
    let (scope, event) = (world.scope, sample::event(Log::from(&world.scope), Action::SensitiveDelete));
    let written = world.space.store.write(move |tx| {
        let scope = WriteScope::assume(&scope, "a test plays the sweep");
        tx.remove_transfer(&scope, gone.key)?;
        let [payer, endpoint] = gone.balances();
        assert_eq!(
            (tx.remove_balance(&scope, &payer)?, tx.remove_balance(&scope, &endpoint)?),
            (true, false)
        );
        Ok::<_, Abort<StoreError>>(Recorded::new((), event.clone()))
    });
    written.wait().unwrap();
    world.clock.advance(Duration::from_secs(86_400 * days));
    let owner = log_in(&world.space, world.owner.email().unwrap());
    block_on(ledger::reconcile(&world.space, &owner)).unwrap()
}

#[test]
fn g4_the_ledger_is_sound_at_each_moment_of_a_sweep_that_is_broken_off() {
    let found = without_one_payer("month", 40);
    assert!(found.is_sound(), "{found:?}");
    let sums = found.sums.values().next().unwrap();
    assert_eq!([sums.transferred, sums.debited, sums.credited], [cents(4); 3]);
    // What counts for ever no sweep takes away: where one side lacks, somebody else did it.
    let found = without_one_payer("total", 40);
    assert!(!found.is_sound(), "{found:?}");
    // Neither does it of a month that is not over.
    let found = without_one_payer("month", 0);
    assert!(!found.is_sound(), "{found:?}");
}
