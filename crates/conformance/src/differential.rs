//! The differential test of two stores: both run the same random units of work, and are compared after each.

mod groups;
mod marketplaces;
mod second_factors;

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
use syft_space_domain::identity::{Account, AccountStatus, Member, PasswordHash, Session};
use syft_space_domain::policy::{Enforcement, Policy};
use syft_space_domain::store::{StateChange, Store, StoreError, Tx};
use syft_space_domain::tenant::Tenant;
use syft_space_domain::unit::{Recorded, Refused};

use crate::differential::groups::{GroupOperation, group_operations};
use crate::differential::marketplaces::{MarketplaceOperation, marketplace_operations};
use crate::differential::second_factors::{FactorOperation, factor_operations};
use crate::dump::StoreDump;
use crate::expectation::expectation;
use crate::fixture::{Fixture, StoreFactory};
use crate::run::{RecordingHook, read};
use crate::sample::{
    access, account, account_id, dataset, dataset_id, email, endpoint, endpoint_id, event, hub, invitation,
    invitation_id, job, job_id, marketplace, policy, policy_id, scope, session, session_id, slug, tenant,
    tenant_id, time, write_scope,
};

/// The highest number of a row. It is low, so that units often conflict.
const MAX_NUMBER: u64 = 3;

/// One operation of a unit, on rows with small numbers.
#[derive(Debug, Clone)]
enum Operation {
    AddTenant { id: u64, name: u64 },
    AddAccount { tenant: u64, id: u64, email: u64, role: Role, at: u32 },
    SetPassword { tenant: u64, account: u64, n: u32 },
    UpdateMember { tenant: u64, account: u64, role: Role, active: bool, n: u32 },
    RemoveAccount { tenant: u64, account: u64 },
    AddSession { tenant: u64, n: u64, account: u64 },
    RenewSession { tenant: u64, n: u64, at: u32 },
    RemoveSession { tenant: u64, account: u64, n: u64 },
    RemoveSessions { tenant: u64, account: u64 },
    TrimSessions { at: u32, max: u64 },
    AddInvitation { tenant: u64, n: u64 },
    RemoveInvitation { tenant: u64, n: u64 },
    AddDataset { tenant: u64, n: u64, name: u64 },
    UpdateDataset { tenant: u64, n: u64, name: u64, active: bool, at: u32 },
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
    Expect { tenant: u64, endpoint: u64, most: u64 },
    Marketplace(MarketplaceOperation),
    Factor(FactorOperation),
    Group(GroupOperation),
}

/// How a unit ends when none of its operations failed.
#[derive(Debug, Clone, Copy)]
enum UnitEnd {
    Record,
    Refuse,
    RefuseUnrecorded,
    Fail,
}

/// A unit of work.
#[derive(Debug, Clone)]
struct UnitPlan {
    /// Its operations, and whether the unit continues after a conflict of each.
    operations: Vec<(Operation, bool)>,
    end: UnitEnd,
    /// The tenants whose logs it records in; 0 is the installation's log.
    logs: Vec<u64>,
}

fn operations() -> impl Strategy<Value = Operation> {
    let n = || 1..=MAX_NUMBER;
    let at = || 10..99_u32;
    let role = || prop_oneof![Just(Role::Owner), Just(Role::Admin), Just(Role::User), Just(Role::Viewer)];
    let status = || proptest::sample::select(&JobStatus::ALL);
    let policies = || subsequence((1..=MAX_NUMBER).collect::<Vec<_>>(), 0..=3).prop_shuffle();
    let identity = prop_oneof![
        (n(), n()).prop_map(|(id, name)| Operation::AddTenant { id, name }),
        (n(), n(), n(), role(), 10..12_u32).prop_map(|(tenant, id, email, role, at)| {
            Operation::AddAccount { tenant, id, email, role, at }
        }),
        (n(), n(), at()).prop_map(|(tenant, account, n)| Operation::SetPassword { tenant, account, n }),
        (n(), n(), role(), any::<bool>(), at()).prop_map(|(tenant, account, role, active, n)| {
            Operation::UpdateMember { tenant, account, role, active, n }
        }),
        (n(), n()).prop_map(|(tenant, account)| Operation::RemoveAccount { tenant, account }),
        (n(), n(), n()).prop_map(|(tenant, n, account)| Operation::AddSession { tenant, n, account }),
        (n(), n(), at()).prop_map(|(tenant, n, at)| Operation::RenewSession { tenant, n, at }),
        (n(), n(), n()).prop_map(|(tenant, account, n)| Operation::RemoveSession { tenant, account, n }),
        (n(), n()).prop_map(|(tenant, account)| Operation::RemoveSessions { tenant, account }),
        (at(), n()).prop_map(|(at, max)| Operation::TrimSessions { at, max }),
        (n(), n()).prop_map(|(tenant, n)| Operation::AddInvitation { tenant, n }),
        (n(), n()).prop_map(|(tenant, n)| Operation::RemoveInvitation { tenant, n }),
    ];
    let resources = prop_oneof![
        2 => (n(), n(), n()).prop_map(|(tenant, n, name)| Operation::AddDataset { tenant, n, name }),
        1 => (n(), n(), n(), any::<bool>(), at()).prop_map(|(tenant, n, name, active, at)| {
            Operation::UpdateDataset { tenant, n, name, active, at }
        }),
        1 => (n(), n()).prop_map(|(tenant, n)| Operation::RemoveDataset { tenant, n }),
        1 => (n(), n(), n()).prop_map(|(tenant, dataset, n)| Operation::AddJob { tenant, dataset, n }),
        1 => (n(), n(), n(), status(), at()).prop_map(|(tenant, dataset, n, status, at)| {
            Operation::UpdateJob { tenant, dataset, n, status, at }
        }),
        2 => (n(), n(), n(), n()).prop_map(|(tenant, n, slug, dataset)| {
            Operation::AddEndpoint { tenant, n, slug, dataset }
        }),
        1 => (n(), n(), n(), n(), any::<bool>(), at()).prop_map(|(tenant, n, slug, dataset, published, at)| {
            Operation::UpdateEndpoint { tenant, n, slug, dataset, published, at }
        }),
        1 => (n(), n()).prop_map(|(tenant, n)| Operation::RemoveEndpoint { tenant, n }),
        2 => (n(), n()).prop_map(|(tenant, n)| Operation::AddPolicy { tenant, n }),
        1 => (n(), n(), any::<bool>(), at()).prop_map(|(tenant, n, deny, at)| {
            Operation::UpdatePolicy { tenant, n, deny, at }
        }),
        1 => (n(), n()).prop_map(|(tenant, n)| Operation::RemovePolicy { tenant, n }),
        3 => (n(), n(), policies()).prop_map(|(tenant, endpoint, policies)| {
            Operation::Attach { tenant, endpoint, policies }
        }),
        1 => (n(), n(), 0..=4_u64).prop_map(|(tenant, endpoint, most)| Operation::Expect { tenant, endpoint, most }),
    ];
    let marketplaces = marketplace_operations(MAX_NUMBER).prop_map(Operation::Marketplace);
    let factors = factor_operations(MAX_NUMBER).prop_map(Operation::Factor);
    let groups = group_operations(MAX_NUMBER).prop_map(Operation::Group);
    prop_oneof![2 => identity, 3 => resources, 2 => marketplaces, 1 => factors, 1 => groups]
}

fn unit_plans() -> impl Strategy<Value = UnitPlan> {
    let end = prop_oneof![6 => Just(UnitEnd::Record), 2 => Just(UnitEnd::Refuse), 1 => Just(UnitEnd::RefuseUnrecorded), 1 => Just(UnitEnd::Fail)];
    let operations = vec((operations(), proptest::bool::weighted(0.7)), 1..6);
    (operations, end, vec(0..=2_u64, 1..4)).prop_map(|(operations, end, logs)| UnitPlan {
        operations,
        end,
        logs,
    })
}

fn status(active: bool) -> AccountStatus {
    if active { AccountStatus::Active } else { AccountStatus::Disabled }
}

impl Operation {
    /// Runs the operation. An update of a missing row is skipped: no port says what it does.
    fn run(&self, tx: &mut dyn Tx) -> Result<Option<bool>, StoreError> {
        match *self {
            Self::AddTenant { id, name } => {
                tx.add_tenant(&Tenant { name: tenant(name).name, ..tenant(id) })?;
            }
            Self::AddAccount { tenant, id, email: of, role, at } => {
                let account = account(tenant, id, role);
                let member = Member { email: email(of), created_at: time(at), ..account.member };
                tx.add_account(&write_scope(tenant), &Account { member, ..account })?;
            }
            Self::SetPassword { tenant, account, n } => {
                if tx.member(&scope(tenant), account_id(account))?.is_some() {
                    let password = PasswordHash::from_phc(format!("$sample${n}"));
                    tx.set_password(&write_scope(tenant), account_id(account), &password)?;
                }
            }
            Self::UpdateMember { tenant, account, role, active, n } => {
                if let Some(old) = tx.member(&scope(tenant), account_id(account))? {
                    let (status, generation, revision) = (status(active), n.into(), n.into());
                    let short_password = n % 2 == 1;
                    let new = Member {
                        role,
                        status,
                        generation,
                        revision,
                        short_password,
                        last_login_at: (n % 3 > 0).then(|| time(n)),
                        created_at: time(n),
                        ..old
                    };
                    tx.update_member(&write_scope(tenant), &new)?;
                }
            }
            Self::RemoveAccount { tenant, account } => {
                return tx.remove_account(&write_scope(tenant), account_id(account)).map(Some);
            }
            Self::AddSession { tenant, n, account } => {
                tx.add_session(&write_scope(tenant), &session(tenant, n, account))?;
            }
            Self::RenewSession { tenant, n, at } => {
                let renewed =
                    Session { idle_until: time(at), last_used_at: time(at), ..session(tenant, n, 1) };
                tx.renew_session(&write_scope(tenant), &renewed)?;
            }
            Self::RemoveSession { tenant, account, n } => {
                let (account, id) = (account_id(account), session_id(n));
                return tx.remove_session(&write_scope(tenant), account, id).map(Some);
            }
            Self::RemoveSessions { tenant, account } => {
                tx.remove_sessions(&write_scope(tenant), account_id(account))?;
            }
            Self::TrimSessions { at, max } => tx.trim_sessions(time(at), max)?,
            Self::AddInvitation { tenant, n } => {
                tx.add_invitation(&write_scope(tenant), &invitation(tenant, n, 1))?;
            }
            Self::RemoveInvitation { tenant, n } => {
                return tx.remove_invitation(&write_scope(tenant), invitation_id(n)).map(Some);
            }
            _ => return self.run_on_resource(tx),
        }
        Ok(None)
    }

    fn run_on_resource(&self, tx: &mut dyn Tx) -> Result<Option<bool>, StoreError> {
        match self {
            Self::AddDataset { tenant, n, name } => {
                tx.add_dataset(&write_scope(*tenant), &Dataset { name: dataset(*name).name, ..dataset(*n) })?;
            }
            Self::UpdateDataset { tenant, n, name, active, at } => {
                if tx.dataset(&scope(*tenant), dataset_id(*n))?.is_some() {
                    let state = if *active { DatasetState::Active } else { DatasetState::Deleting };
                    let (revision, updated_at) = ((*at).into(), time(*at));
                    let name = dataset(*name).name;
                    let new = Dataset { name, state, revision, updated_at, ..dataset(*n) };
                    tx.update_dataset(&write_scope(*tenant), &new)?;
                }
            }
            Self::RemoveDataset { tenant, n } => {
                return tx.remove_dataset(&write_scope(*tenant), dataset_id(*n)).map(Some);
            }
            Self::AddJob { tenant, dataset, n } => {
                tx.add_job(&write_scope(*tenant), &job(10 * dataset + n, *dataset))?;
            }
            Self::UpdateJob { tenant, dataset, n, status, at } => {
                let id = job_id(10 * dataset + n);
                if tx.job(&scope(*tenant), dataset_id(*dataset), id)?.is_some() {
                    let (status, bytes, finished_at) = (*status, (*at).into(), Some(time(*at)));
                    let progress = JobProgress { bytes, ..JobProgress::default() };
                    let new = Job { status, progress, finished_at, ..job(10 * dataset + n, *dataset) };
                    tx.update_job(&write_scope(*tenant), &new)?;
                }
            }
            Self::AddEndpoint { tenant, n, slug: of, dataset } => {
                tx.add_endpoint(
                    &write_scope(*tenant),
                    &Endpoint { slug: slug(*of), ..endpoint(*n, *dataset) },
                )?;
            }
            Self::UpdateEndpoint { tenant, n, slug: of, dataset, published, at } => {
                if tx.endpoint(&scope(*tenant), endpoint_id(*n))?.is_some() {
                    let (published, revision, updated_at) = (*published, (*at).into(), time(*at));
                    let old = endpoint(*n, *dataset);
                    let new = Endpoint { slug: slug(*of), published, revision, updated_at, ..old };
                    tx.update_endpoint(&write_scope(*tenant), &new)?;
                }
            }
            Self::RemoveEndpoint { tenant, n } => {
                return tx.remove_endpoint(&write_scope(*tenant), endpoint_id(*n)).map(Some);
            }
            Self::AddPolicy { tenant, n } => tx.add_policy(&write_scope(*tenant), &policy(*n))?,
            Self::UpdatePolicy { tenant, n, deny, at } => {
                if tx.policy(&scope(*tenant), policy_id(*n))?.is_some() {
                    let configuration = access(if *deny { "deny" } else { "allow" }, "example.com");
                    let (revision, updated_at) = ((*at).into(), time(*at));
                    let enforcement = if *deny { Enforcement::Shadow } else { Enforcement::Enforce };
                    let new = Policy { configuration, enforcement, revision, updated_at, ..policy(*n) };
                    tx.update_policy(&write_scope(*tenant), &new)?;
                }
            }
            Self::RemovePolicy { tenant, n } => {
                return tx.remove_policy(&write_scope(*tenant), policy_id(*n)).map(Some);
            }
            Self::Attach { tenant, endpoint, policies } => {
                let policies: Vec<_> = policies.iter().copied().map(policy_id).collect();
                tx.attach_policies(&write_scope(*tenant), endpoint_id(*endpoint), &policies)?;
            }
            Self::Expect { tenant, endpoint, most } => {
                let wanted: Vec<_> = (1..=*most).map(expectation).collect();
                tx.set_expectations(&write_scope(*tenant), endpoint_id(*endpoint), &wanted)?;
            }
            Self::Marketplace(operation) => return operation.run(tx),
            Self::Factor(operation) => return operation.run(tx),
            Self::Group(operation) => return operation.run(tx),
            _ => return self.run(tx),
        }
        Ok(None)
    }
}

/// The error of a unit, without its message: the messages of two stores may differ.
#[derive(Debug, Clone, PartialEq, Eq)]
enum UnitError {
    Refused,
    Store(&'static str),
}

impl From<StoreError> for UnitError {
    fn from(error: StoreError) -> Self {
        Self::Store(kind(&error))
    }
}

impl syft_space_domain::unit::UnitError for UnitError {
    fn into_store_error(self) -> Result<StoreError, Self> {
        Err(self)
    }
}

fn kind(error: &StoreError) -> &'static str {
    match error {
        StoreError::Busy => "busy",
        StoreError::Full => "full",
        StoreError::ReadOnly => "read-only",
        StoreError::Conflict(_) => "conflict",
        StoreError::Closed => "closed",
        StoreError::LogDamaged(_) | StoreError::LedgerDamaged(_) => "damaged",
        StoreError::Failed(_) => "failed",
    }
}

/// The result of each operation of a unit.
type OperationResults = Vec<Result<Option<bool>, &'static str>>;

impl UnitPlan {
    fn events(&self) -> Vec<Event> {
        let log = |n: &u64| if *n == 0 { Log::Installation } else { Log::Tenant(tenant_id(*n)) };
        self.logs.iter().map(|n| event(log(n), Action::ConfigChange)).collect()
    }

    fn run_on(&self, store: &dyn Store, events: &[Event]) -> Result<OperationResults, UnitError> {
        let (plan, events) = (self.clone(), events.to_vec());
        let receipt = store.write(move |tx| {
            let mut results = OperationResults::new();
            for (operation, continues) in &plan.operations {
                match operation.run(tx) {
                    Err(error @ StoreError::Conflict(_)) if *continues => results.push(Err(kind(&error))),
                    outcome => results.push(Ok(outcome?)),
                }
            }
            let (first, others) = events.split_first().ok_or(StoreError::Closed)?;
            match plan.end {
                UnitEnd::Record => {
                    let recorded = Recorded::new(results, first.clone());
                    Ok(others.iter().cloned().fold(recorded, Recorded::and))
                }
                UnitEnd::Refuse => Err(Refused::new(UnitError::Refused, first.clone()).into()),
                UnitEnd::RefuseUnrecorded => Err(UnitError::Refused.into()),
                UnitEnd::Fail => Err(StoreError::Failed("the unit says so".to_owned()).into()),
            }
        });
        receipt.wait()
    }
}

/// A store under test, with its recorded changes and the last known versions.
struct StoreUnderTest {
    fixture: Fixture<dyn Store>,
    hook: Arc<RecordingHook>,
    versions: Vec<u64>,
}

/// Everything that can be observed of a store after a unit: the unit's result, its changes, which versions rose, and
/// all that views answer.
#[derive(Debug, PartialEq)]
struct Observation {
    result: Result<OperationResults, UnitError>,
    changes: BTreeSet<StateChange>,
    versions_rose: Vec<bool>,
    dump: StoreDump,
}

impl StoreUnderTest {
    /// Starts with two tenants, an account and one row of each kind, so that units soon conflict.
    fn new(make: &StoreFactory, seed_event: &Event) -> Self {
        let hook = Arc::new(RecordingHook::default());
        let fixture = make(hook.clone());
        let seed_event = seed_event.clone();
        let seeded: Result<(), StoreError> = fixture
            .adapter
            .write(move |tx| {
                for n in [1, 2] {
                    tx.add_tenant(&tenant(n))?;
                    tx.add_account(&write_scope(n), &account(n, 1, Role::Owner))?;
                    tx.add_dataset(&write_scope(n), &dataset(1))?;
                    tx.add_endpoint(&write_scope(n), &endpoint(1, 1))?;
                    tx.add_policy(&write_scope(n), &policy(1))?;
                    tx.attach_policies(&write_scope(n), endpoint_id(1), &[policy_id(1)])?;
                }
                tx.add_hub(&hub(1))?;
                tx.add_marketplace(&write_scope(1), &marketplace(1, 1, 1))?;
                Ok(Recorded::new((), seed_event.clone()))
            })
            .wait();
        seeded.expect("a new store takes a tenant");
        hook.take_changes();
        let versions = versions(&*fixture.adapter);
        Self { fixture, hook, versions }
    }

    fn run(&mut self, plan: &UnitPlan, events: &[Event]) -> Observation {
        let store = &*self.fixture.adapter;
        let result = plan.run_on(store, events);
        let after = versions(store);
        let before = std::mem::replace(&mut self.versions, after);
        Observation {
            result,
            changes: self.hook.take_changes(),
            versions_rose: before.iter().zip(&self.versions).map(|(before, after)| after > before).collect(),
            dump: read(store, move |view| StoreDump::read(view, MAX_NUMBER)).without_versions(),
        }
    }
}

/// The version of each tenant, plus one; 0 for a tenant that does not exist.
fn versions(store: &dyn Store) -> Vec<u64> {
    let version = |n| read(store, move |view| view.tenant(&scope(n))).map_or(0, |tenant| tenant.version + 1);
    (1..=MAX_NUMBER).map(version).collect()
}

/// The first lines in which two observations differ.
fn difference(first: &Observation, second: &Observation) -> String {
    let [first, second] = [first, second].map(|observation| format!("{observation:#?}"));
    let same = first.lines().zip(second.lines()).take_while(|(first, second)| first == second).count();
    let [first, second] =
        [&first, &second].map(|text| text.lines().skip(same).take(12).collect::<Vec<_>>().join("\n"));
    format!("the first shows\n{first}\nand the second\n{second}")
}

/// Runs `cases` sequences of random units of work against two stores, and panics with the shortest sequence found after
/// which they differ: in a unit's result or changes, in a version that rises or does not, in anything that a view
/// answers, or in a log.
pub fn same_units(cases: u32, first: &StoreFactory, second: &StoreFactory) {
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 2_000, ..Config::default() };
    // The environment variable PROPTEST_CASES sets another number of cases.
    let config = contextualize_config(config);
    let outcome = TestRunner::new(config).run(&vec(unit_plans(), 1..30), |sequence| {
        let seed_event = event(Log::Installation, Action::SysStartup);
        let (mut first, mut second) =
            (StoreUnderTest::new(first, &seed_event), StoreUnderTest::new(second, &seed_event));
        for plan in sequence {
            let events = plan.events();
            let (first, second) = (first.run(&plan, &events), second.run(&plan, &events));
            if first != second {
                return Err(TestCaseError::fail(difference(&first, &second)));
            }
        }
        Ok(())
    });
    if let Err(difference) = outcome {
        panic!("two stores do the same with the same units: {difference}");
    }
}
