//! Do two stores do the same? Both run the same random units of work, and are compared after each.

mod marketplaces;

use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any};
use proptest::prop_oneof;
use proptest::sample::subsequence;
use proptest::test_runner::{Config, TestCaseError, TestRunner, contextualize_config};
use syft_space_domain::access::Role;
use syft_space_domain::audit::{Action, Event, Log};
use syft_space_domain::dataset::{Dataset, DatasetState, Job, JobProgress, JobStatus};
use syft_space_domain::endpoint::Endpoint;
use syft_space_domain::identity::{Account, AccountStatus, Membership, PasswordHash};
use syft_space_domain::policy::Policy;
use syft_space_domain::store::{Store, StoreError, StateChange, Tx};
use syft_space_domain::tenant::Tenant;
use syft_space_domain::unit::{Recorded, Refused};

use crate::differential::marketplaces::{MarketplaceCall, marketplace_calls};
use crate::drive::{Follower, look};
use crate::made::{Made, MakeStore};
use crate::sample::{
    access, account, account_id, dataset, dataset_id, email, endpoint, endpoint_id, event, hub, invitation,
    invitation_id, job, job_id, marketplace, membership, policy, policy_id, scope, slug, tenant, tenant_id,
    time,
};
use crate::state::Everything;

/// The tenants and accounts that there may be: so few that units meet all the time.
const NUMBERS: u64 = 3;

/// One call of a unit, on things with small numbers.
#[derive(Debug, Clone)]
enum Call {
    AddTenant { id: u64, named: u64 },
    AddAccount { id: u64, email: u64 },
    SetPassword { account: u64, n: u32 },
    SetAccountStatus { account: u64, active: bool },
    AddMembership { tenant: u64, account: u64, role: Role },
    UpdateMembership { tenant: u64, account: u64, role: Role, active: bool, n: u32 },
    RemoveMembership { tenant: u64, account: u64 },
    AddInvitation { tenant: u64, n: u64 },
    RemoveInvitation { tenant: u64, n: u64 },
    AddDataset { tenant: u64, n: u64, named: u64 },
    UpdateDataset { tenant: u64, n: u64, named: u64, active: bool, at: u32 },
    RemoveDataset { tenant: u64, n: u64 },
    AddJob { tenant: u64, dataset: u64, n: u64 },
    UpdateJob { tenant: u64, dataset: u64, n: u64, status: JobStatus, at: u32 },
    AddEndpoint { tenant: u64, n: u64, slug: u64, dataset: u64 },
    UpdateEndpoint { tenant: u64, n: u64, slug: u64, dataset: u64, published: bool, at: u32 },
    RemoveEndpoint { tenant: u64, n: u64 },
    AddPolicy { tenant: u64, n: u64 },
    UpdatePolicy { tenant: u64, n: u64, deny: bool, at: u32 },
    RemovePolicy { tenant: u64, n: u64 },
    Attach { tenant: u64, endpoint: u64, policies: Vec<u64> },
    OfMarketplace(MarketplaceCall),
}

/// How a unit ends when none of its calls failed.
#[derive(Debug, Clone, Copy)]
enum End {
    Record,
    Refuse,
    RefuseUnrecorded,
    Fail,
}

/// A unit of work.
#[derive(Debug, Clone)]
struct Work {
    /// Its calls, and whether it goes on when one contradicts what is stored.
    calls: Vec<(Call, bool)>,
    end: End,
    /// In whose logs it records: 0 is the installation's.
    logs: Vec<u64>,
}

fn calls() -> impl Strategy<Value = Call> {
    let n = || 1..=NUMBERS;
    let at = || 10..99_u32;
    let role = || prop_oneof![Just(Role::Owner), Just(Role::Admin), Just(Role::User), Just(Role::Viewer)];
    let status = || proptest::sample::select(&JobStatus::ALL);
    let policies = || subsequence((1..=NUMBERS).collect::<Vec<_>>(), 0..=3).prop_shuffle();
    let identity = prop_oneof![
        (n(), n()).prop_map(|(id, named)| Call::AddTenant { id, named }),
        (n(), n()).prop_map(|(id, email)| Call::AddAccount { id, email }),
        (n(), at()).prop_map(|(account, n)| Call::SetPassword { account, n }),
        (n(), any::<bool>()).prop_map(|(account, active)| Call::SetAccountStatus { account, active }),
        (n(), n(), role()).prop_map(|(tenant, account, role)| Call::AddMembership { tenant, account, role }),
        (n(), n(), role(), any::<bool>(), at()).prop_map(|(tenant, account, role, active, n)| {
            Call::UpdateMembership { tenant, account, role, active, n }
        }),
        (n(), n()).prop_map(|(tenant, account)| Call::RemoveMembership { tenant, account }),
        (n(), n()).prop_map(|(tenant, n)| Call::AddInvitation { tenant, n }),
        (n(), n()).prop_map(|(tenant, n)| Call::RemoveInvitation { tenant, n }),
    ];
    let things = prop_oneof![
        2 => (n(), n(), n()).prop_map(|(tenant, n, named)| Call::AddDataset { tenant, n, named }),
        1 => (n(), n(), n(), any::<bool>(), at()).prop_map(|(tenant, n, named, active, at)| {
            Call::UpdateDataset { tenant, n, named, active, at }
        }),
        1 => (n(), n()).prop_map(|(tenant, n)| Call::RemoveDataset { tenant, n }),
        1 => (n(), n(), n()).prop_map(|(tenant, dataset, n)| Call::AddJob { tenant, dataset, n }),
        1 => (n(), n(), n(), status(), at()).prop_map(|(tenant, dataset, n, status, at)| {
            Call::UpdateJob { tenant, dataset, n, status, at }
        }),
        2 => (n(), n(), n(), n()).prop_map(|(tenant, n, slug, dataset)| {
            Call::AddEndpoint { tenant, n, slug, dataset }
        }),
        1 => (n(), n(), n(), n(), any::<bool>(), at()).prop_map(|(tenant, n, slug, dataset, published, at)| {
            Call::UpdateEndpoint { tenant, n, slug, dataset, published, at }
        }),
        1 => (n(), n()).prop_map(|(tenant, n)| Call::RemoveEndpoint { tenant, n }),
        2 => (n(), n()).prop_map(|(tenant, n)| Call::AddPolicy { tenant, n }),
        1 => (n(), n(), any::<bool>(), at()).prop_map(|(tenant, n, deny, at)| {
            Call::UpdatePolicy { tenant, n, deny, at }
        }),
        1 => (n(), n()).prop_map(|(tenant, n)| Call::RemovePolicy { tenant, n }),
        3 => (n(), n(), policies()).prop_map(|(tenant, endpoint, policies)| {
            Call::Attach { tenant, endpoint, policies }
        }),
    ];
    let marketplaces = marketplace_calls(NUMBERS).prop_map(Call::OfMarketplace);
    prop_oneof![2 => identity, 3 => things, 2 => marketplaces]
}

fn works() -> impl Strategy<Value = Work> {
    let end = prop_oneof![6 => Just(End::Record), 2 => Just(End::Refuse), 1 => Just(End::RefuseUnrecorded), 1 => Just(End::Fail)];
    let calls = vec((calls(), proptest::bool::weighted(0.7)), 1..6);
    (calls, end, vec(0..=2_u64, 1..4)).prop_map(|(calls, end, logs)| Work { calls, end, logs })
}

fn status(active: bool) -> AccountStatus {
    if active { AccountStatus::Active } else { AccountStatus::Disabled }
}

impl Call {
    /// Runs the call. Changing what is not there is no call at all: no port says what it does.
    fn run(&self, tx: &mut dyn Tx) -> Result<Option<bool>, StoreError> {
        match *self {
            Self::AddTenant { id, named } => {
                tx.add_tenant(&Tenant { name: tenant(named).name, ..tenant(id) })?;
            }
            Self::AddAccount { id, email: of } => {
                tx.add_account(&Account { email: email(of), ..account(id) })?;
            }
            Self::SetPassword { account, n } => {
                if tx.account(account_id(account))?.is_some() {
                    tx.set_password(account_id(account), &PasswordHash::from_phc(format!("$sample${n}")))?;
                }
            }
            Self::SetAccountStatus { account, active } => {
                if tx.account(account_id(account))?.is_some() {
                    tx.set_account_status(account_id(account), status(active))?;
                }
            }
            Self::AddMembership { tenant, account, role } => {
                tx.add_membership(&scope(tenant), &membership(tenant, account, role))?;
            }
            Self::UpdateMembership { tenant, account, role, active, n } => {
                if tx.member(&scope(tenant), account_id(account))?.is_some() {
                    let (status, tokens_from, revision) = (status(active), time(n), n.into());
                    let old = membership(tenant, account, role);
                    let new = Membership { status, tokens_from, revision, created_at: time(n), ..old };
                    tx.update_membership(&scope(tenant), &new)?;
                }
            }
            Self::RemoveMembership { tenant, account } => {
                return tx.remove_membership(&scope(tenant), account_id(account)).map(Some);
            }
            Self::AddInvitation { tenant, n } => {
                tx.add_invitation(&scope(tenant), &invitation(tenant, n, 1))?;
            }
            Self::RemoveInvitation { tenant, n } => {
                return tx.remove_invitation(&scope(tenant), invitation_id(n)).map(Some);
            }
            _ => return self.run_on_things(tx),
        }
        Ok(None)
    }

    fn run_on_things(&self, tx: &mut dyn Tx) -> Result<Option<bool>, StoreError> {
        match self {
            Self::AddDataset { tenant, n, named } => {
                tx.add_dataset(&scope(*tenant), &Dataset { name: dataset(*named).name, ..dataset(*n) })?;
            }
            Self::UpdateDataset { tenant, n, named, active, at } => {
                if tx.dataset(&scope(*tenant), dataset_id(*n))?.is_some() {
                    let state = if *active { DatasetState::Active } else { DatasetState::Deleting };
                    let (revision, updated_at) = ((*at).into(), time(*at));
                    let name = dataset(*named).name;
                    let new = Dataset { name, state, revision, updated_at, ..dataset(*n) };
                    tx.update_dataset(&scope(*tenant), &new)?;
                }
            }
            Self::RemoveDataset { tenant, n } => {
                return tx.remove_dataset(&scope(*tenant), dataset_id(*n)).map(Some);
            }
            Self::AddJob { tenant, dataset, n } => {
                tx.add_job(&scope(*tenant), &job(10 * dataset + n, *dataset))?;
            }
            Self::UpdateJob { tenant, dataset, n, status, at } => {
                let id = job_id(10 * dataset + n);
                if tx.job(&scope(*tenant), dataset_id(*dataset), id)?.is_some() {
                    let (status, bytes, finished_at) = (*status, (*at).into(), Some(time(*at)));
                    let progress = JobProgress { bytes, ..JobProgress::default() };
                    let new = Job { status, progress, finished_at, ..job(10 * dataset + n, *dataset) };
                    tx.update_job(&scope(*tenant), &new)?;
                }
            }
            Self::AddEndpoint { tenant, n, slug: of, dataset } => {
                tx.add_endpoint(&scope(*tenant), &Endpoint { slug: slug(*of), ..endpoint(*n, *dataset) })?;
            }
            Self::UpdateEndpoint { tenant, n, slug: of, dataset, published, at } => {
                if tx.endpoint(&scope(*tenant), endpoint_id(*n))?.is_some() {
                    let (published, revision, updated_at) = (*published, (*at).into(), time(*at));
                    let old = endpoint(*n, *dataset);
                    let new = Endpoint { slug: slug(*of), published, revision, updated_at, ..old };
                    tx.update_endpoint(&scope(*tenant), &new)?;
                }
            }
            Self::RemoveEndpoint { tenant, n } => {
                return tx.remove_endpoint(&scope(*tenant), endpoint_id(*n)).map(Some);
            }
            Self::AddPolicy { tenant, n } => tx.add_policy(&scope(*tenant), &policy(*n))?,
            Self::UpdatePolicy { tenant, n, deny, at } => {
                if tx.policy(&scope(*tenant), policy_id(*n))?.is_some() {
                    let configuration = access(if *deny { "deny" } else { "allow" }, "example.com");
                    let (revision, updated_at) = ((*at).into(), time(*at));
                    let new = Policy { configuration, revision, updated_at, ..policy(*n) };
                    tx.update_policy(&scope(*tenant), &new)?;
                }
            }
            Self::RemovePolicy { tenant, n } => {
                return tx.remove_policy(&scope(*tenant), policy_id(*n)).map(Some);
            }
            Self::Attach { tenant, endpoint, policies } => {
                let policies: Vec<_> = policies.iter().copied().map(policy_id).collect();
                tx.attach_policies(&scope(*tenant), endpoint_id(*endpoint), &policies)?;
            }
            Self::OfMarketplace(call) => return call.run(tx),
            _ => return self.run(tx),
        }
        Ok(None)
    }
}

/// What a unit of work was told, in a form that both stores must share: their words may differ.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Told {
    Refused,
    Store(&'static str),
}

impl From<StoreError> for Told {
    fn from(error: StoreError) -> Self {
        Self::Store(kind(&error))
    }
}

fn kind(error: &StoreError) -> &'static str {
    match error {
        StoreError::Busy => "busy",
        StoreError::Full => "full",
        StoreError::ReadOnly => "read-only",
        StoreError::Conflict(_) => "conflict",
        StoreError::Closed => "closed",
        StoreError::Failed(_) => "failed",
    }
}

/// What the calls of a unit answered, each for itself.
type Answers = Vec<Result<Option<bool>, &'static str>>;

impl Work {
    fn events(&self) -> Vec<Event> {
        let log = |n: &u64| if *n == 0 { Log::Installation } else { Log::Tenant(tenant_id(*n)) };
        self.logs.iter().map(|n| event(log(n), Action::ConfigChange)).collect()
    }

    fn run_on(&self, store: &dyn Store, events: &[Event]) -> Result<Answers, Told> {
        let (work, events) = (self.clone(), events.to_vec());
        let receipt = store.write(move |tx| {
            let mut answers = Answers::new();
            for (call, goes_on) in &work.calls {
                match call.run(tx) {
                    Err(error @ StoreError::Conflict(_)) if *goes_on => answers.push(Err(kind(&error))),
                    outcome => answers.push(Ok(outcome?)),
                }
            }
            let (first, others) = events.split_first().ok_or(StoreError::Closed)?;
            match work.end {
                End::Record => {
                    let recorded = Recorded::new(answers, first.clone());
                    Ok(Ok(others.iter().cloned().fold(recorded, Recorded::and)))
                }
                End::Refuse => Ok(Err(Refused::new(Told::Refused, first.clone()))),
                End::RefuseUnrecorded => Ok(Err(Refused::unrecorded(Told::Refused))),
                End::Fail => Err(StoreError::Failed("the unit says so".to_owned())),
            }
        });
        receipt.wait()
    }
}

/// A store, and what it was seen to do.
struct Subject {
    made: Made<dyn Store>,
    follower: Arc<Follower>,
    versions: Vec<u64>,
}

/// All that can be told of a store after a unit: what the unit was told, what it touched, whose version rose, and
/// everything that can be read.
#[derive(Debug, PartialEq)]
struct Seen {
    told: Result<Answers, Told>,
    changes: BTreeSet<StateChange>,
    versions_rose: Vec<bool>,
    state: Everything,
}

impl Subject {
    /// Two tenants, an account and one thing of each kind are there from the start, so that units soon meet.
    fn new(make: &MakeStore, founding: &Event) -> Self {
        let follower = Arc::new(Follower::default());
        let made = make(follower.clone());
        let founding = founding.clone();
        let founded: Result<(), StoreError> = made
            .port
            .write(move |tx| {
                tx.add_account(&account(1))?;
                for n in [1, 2] {
                    tx.add_tenant(&tenant(n))?;
                    tx.add_dataset(&scope(n), &dataset(1))?;
                    tx.add_endpoint(&scope(n), &endpoint(1, 1))?;
                    tx.add_policy(&scope(n), &policy(1))?;
                    tx.attach_policies(&scope(n), endpoint_id(1), &[policy_id(1)])?;
                }
                tx.add_hub(&hub(1))?;
                tx.add_marketplace(&scope(1), &marketplace(1, 1, 1))?;
                Ok(Ok(Recorded::new((), founding.clone())))
            })
            .wait();
        founded.expect("a new store takes a tenant");
        follower.take();
        let versions = versions(&*made.port);
        Self { made, follower, versions }
    }

    fn run(&mut self, work: &Work, events: &[Event]) -> Seen {
        let store = &*self.made.port;
        let told = work.run_on(store, events);
        let now = versions(store);
        let before = std::mem::replace(&mut self.versions, now);
        Seen {
            told,
            changes: self.follower.take(),
            versions_rose: before.iter().zip(&self.versions).map(|(before, now)| now > before).collect(),
            state: look(store, |view| Everything::seen(view, NUMBERS)).without_versions(),
        }
    }
}

/// A tenant that is not there yet has every version before it.
fn versions(store: &dyn Store) -> Vec<u64> {
    let version = |n| look(store, |view| view.tenant(&scope(n))).map_or(0, |tenant| tenant.version + 1);
    (1..=NUMBERS).map(version).collect()
}

/// The first lines in which they differ.
fn difference(one: &Seen, other: &Seen) -> String {
    let [one, other] = [one, other].map(|seen| format!("{seen:#?}"));
    let same = one.lines().zip(other.lines()).take_while(|(one, other)| one == other).count();
    let [one, other] =
        [&one, &other].map(|seen| seen.lines().skip(same).take(12).collect::<Vec<_>>().join("\n"));
    format!("one shows\n{one}\nand the other\n{other}")
}

/// Runs `cases` sequences of random units of work against two stores, and panics with the shortest sequence it can
/// find after which they differ: in what a unit is told, in what it touches, in a version that rises or does not,
/// in anything that a view answers, or in a log.
pub fn same_units(cases: u32, one: &MakeStore, other: &MakeStore) {
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 2_000, ..Config::default() };
    // PROPTEST_CASES asks for a longer proof.
    let config = contextualize_config(config);
    let outcome = TestRunner::new(config).run(&vec(works(), 1..30), |sequence| {
        let founding = event(Log::Installation, Action::SysStartup);
        let (mut one, mut other) = (Subject::new(one, &founding), Subject::new(other, &founding));
        for work in sequence {
            let events = work.events();
            let (one, other) = (one.run(&work, &events), other.run(&work, &events));
            if one != other {
                return Err(TestCaseError::fail(difference(&one, &other)));
            }
        }
        Ok(())
    });
    if let Err(difference) = outcome {
        panic!("two stores do the same with the same units: {difference}");
    }
}
