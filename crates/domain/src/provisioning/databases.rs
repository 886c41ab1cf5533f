//! The databases of the space's own making: who makes them, and what is known of each since the start.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::dataset::VectorDatabaseKind;
use crate::ids::{DatasetId, TenantId};
use crate::provisioning::ports::{ProvisionError, Provisioner};
use crate::provisioning::{DatabaseAddress, ProvisioningReason, ProvisioningState};
use crate::tenant::TenantScope;
use crate::time::Timestamp;

/// Tenants may have datasets of equal ids.
type Key = (TenantId, DatasetId);

/// The databases that the space makes for itself. Which are wanted is stored with their datasets; here is where each is, as far as it
/// was looked at since the start.
#[derive(Clone, Default)]
pub struct Databases(Arc<Shared>);

#[derive(Default)]
struct Shared {
    engine: Option<Engine>,
    known: Mutex<Known>,
}

struct Engine {
    provisioner: Arc<dyn Provisioner>,
    kinds: Vec<VectorDatabaseKind>,
}

/// The most databases that are removed at once while somebody waits for it, and the most of one tenant: each may wait for an engine that
/// does not answer.
const MAX_LEAVING: usize = 4;
const MAX_LEAVING_OF_TENANT: usize = 2;
/// For how long an engine that did not answer is asked to remove nothing.
const REST: Duration = Duration::from_secs(10);

#[derive(Default)]
struct Known {
    /// Whether what is wanted is looked after in this process.
    is_begun: bool,
    databases: BTreeMap<Key, Database>,
    /// Those that are ready, and did not answer whoever asked them.
    doubted: BTreeSet<Key>,
    /// When the engine did not answer, and what became of that.
    silence: Option<(Timestamp, ProvisionError)>,
}

struct Database {
    scope: TenantScope,
    step: Step,
    failure: Option<ProvisionError>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    /// It is to be made, or to be made anew.
    Wanted,
    /// It is being made; or looked at, where it was reached until then, and is as long as nothing else is known.
    Making(Option<DatabaseAddress>),
    /// It was healthy when it was looked at last.
    Ready(DatabaseAddress),
    /// It is being removed.
    Leaving,
}

impl Step {
    /// Where it is reached, as far as it is known.
    fn address(self) -> Option<DatabaseAddress> {
        match self {
            Self::Ready(address) => Some(address),
            Self::Making(before) => before,
            Self::Wanted | Self::Leaving => None,
        }
    }

    fn is_under_way(self) -> bool {
        matches!(self, Self::Making(_) | Self::Leaving)
    }
}

/// A database cannot be removed, or cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DatabaseError {
    /// It was made by an engine, and there is none now.
    #[error(
        "a database of this space lies in a container engine, and none is set up here; the operator sets provisioning again"
    )]
    Off,
    /// It is not ready, or the engine is at it just now.
    #[error("the dataset's database is being made or looked for; try again later")]
    NotReady,
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] ProvisionError),
}

/// How a database is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DatabaseCondition {
    /// How far it is.
    pub state: ProvisioningState,
    /// What keeps it from being ready, as far as it was tried.
    pub reason: Option<ProvisioningReason>,
}

impl Databases {
    /// Databases of these kinds, which this makes.
    #[must_use]
    pub fn new(provisioner: Arc<dyn Provisioner>, kinds: Vec<VectorDatabaseKind>) -> Self {
        let engine = Some(Engine { provisioner, kinds });
        Self(Arc::new(Shared { engine, known: Mutex::default() }))
    }

    /// Whether databases of this kind are made here.
    #[must_use]
    pub fn offers(&self, kind: VectorDatabaseKind) -> bool {
        self.0.engine.as_ref().is_some_and(|engine| engine.kinds.contains(&kind))
    }

    /// What makes them; `None` where nothing does.
    pub(crate) fn provisioner(&self) -> Option<&dyn Provisioner> {
        self.0.engine.as_ref().map(|engine| &*engine.provisioner)
    }

    /// Notes that a dataset's database is wanted, or to be looked at anew.
    pub fn want(&self, scope: &TenantScope, dataset: DatasetId) {
        let database = Database { scope: *scope, step: Step::Wanted, failure: None };
        self.known().databases.entry((scope.tenant(), dataset)).or_insert(database);
    }

    /// How a dataset's database is.
    #[must_use]
    pub fn condition(&self, scope: &TenantScope, dataset: DatasetId) -> DatabaseCondition {
        let known = self.known();
        let database = known.databases.get(&(scope.tenant(), dataset));
        let off = self.0.engine.is_none().then_some(ProvisioningReason::NotOffered);
        if database.is_some_and(|database| database.step.address().is_some()) {
            return DatabaseCondition { state: ProvisioningState::Ready, reason: None };
        }
        let failure = database.and_then(|database| database.failure.as_ref());
        let reason = failure.map(ProvisioningReason::from).or(off);
        DatabaseCondition { state: ProvisioningState::Provisioning, reason }
    }

    /// Where a dataset's database is reached.
    pub(crate) fn address(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
    ) -> Result<DatabaseAddress, DatabaseError> {
        let known = self.known();
        let database = known.databases.get(&(scope.tenant(), dataset));
        database.and_then(|database| database.step.address()).ok_or(if self.0.engine.is_none() {
            DatabaseError::Off
        } else {
            DatabaseError::NotReady
        })
    }

    /// The databases that are to be made: those of which that failed before too.
    #[must_use]
    pub fn wanted(&self) -> Vec<(TenantScope, DatasetId)> {
        self.in_step(|step| step == Step::Wanted)
    }

    /// Those of them that were not tried yet.
    #[must_use]
    pub fn untried(&self) -> Vec<(TenantScope, DatasetId)> {
        let known = self.known();
        let untried =
            known.databases.iter().filter(|(_, one)| one.step == Step::Wanted && one.failure.is_none());
        untried.map(|((_, dataset), one)| (one.scope, *dataset)).collect()
    }

    /// Notes that a dataset's database did not answer.
    pub(crate) fn doubt(&self, scope: &TenantScope, dataset: DatasetId) {
        let key = (scope.tenant(), dataset);
        let mut known = self.known();
        if known.databases.get(&key).is_some_and(|database| matches!(database.step, Step::Ready(_))) {
            known.doubted.insert(key);
        }
    }

    /// Takes out the databases that did not answer somebody since this was asked last.
    #[must_use]
    pub fn take_doubted(&self) -> Vec<(TenantScope, DatasetId)> {
        let mut known = self.known();
        let doubted = std::mem::take(&mut known.doubted);
        let there = doubted.into_iter().filter_map(|key| Some((known.databases.get(&key)?.scope, key.1)));
        there.collect()
    }

    /// Notes that a database is not reached where it was: it is looked for anew.
    pub(crate) fn lose(&self, scope: &TenantScope, dataset: DatasetId, address: DatabaseAddress) {
        if let Some(database) = self.known().databases.get_mut(&(scope.tenant(), dataset))
            && database.step == Step::Ready(address)
        {
            database.step = Step::Wanted;
            database.failure = None;
        }
    }

    /// The databases that were ready when they were looked at last.
    #[must_use]
    pub fn ready(&self) -> Vec<(TenantScope, DatasetId)> {
        self.in_step(|step| matches!(step, Step::Ready(_)))
    }

    fn in_step(&self, is_meant: impl Fn(Step) -> bool) -> Vec<(TenantScope, DatasetId)> {
        let known = self.known();
        let meant = known.databases.iter().filter(|(_, database)| is_meant(database.step));
        meant.map(|((_, dataset), database)| (database.scope, *dataset)).collect()
    }

    /// From now on what is wanted is looked after, and what goes may be removed.
    pub(super) fn begin(&self) {
        self.known().is_begun = true;
    }

    /// The databases that the engine is at just now.
    pub(super) fn under_way(&self) -> BTreeSet<(TenantId, DatasetId)> {
        let known = self.known();
        let busy = known.databases.iter().filter(|(_, one)| one.step.is_under_way());
        busy.map(|(key, _)| *key).collect()
    }

    /// Takes the lease to make or look at a database; `None` while another has it.
    pub(super) fn make(&self, scope: &TenantScope, dataset: DatasetId) -> Option<Lease> {
        self.lease(scope, dataset, |before| Step::Making(before.address()))
    }

    /// Takes the lease to remove what nobody wants.
    pub(super) fn clear(&self, scope: &TenantScope, dataset: DatasetId) -> Option<Lease> {
        self.lease(scope, dataset, |_| Step::Leaving)
    }

    /// Takes the lease to remove a database, unless so many are removed already, or the engine has just not answered.
    pub(super) fn remove(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        now: Timestamp,
    ) -> Result<Lease, DatabaseError> {
        if self.0.engine.is_none() {
            return Err(DatabaseError::Off);
        }
        let known = self.known();
        if let Some((at, failure)) = &known.silence {
            // A clock that was set back keeps nobody waiting.
            if (*at..at.plus(REST)).contains(&now) {
                return Err(failure.clone().into());
            }
        }
        let leaving = known.databases.iter().filter(|(_, one)| one.step == Step::Leaving);
        let (all, own) = leaving.fold((0_usize, 0_usize), |(all, own), ((tenant, _), _)| {
            (all.saturating_add(1), own.saturating_add(usize::from(*tenant == scope.tenant())))
        });
        if !known.is_begun || all >= MAX_LEAVING || own >= MAX_LEAVING_OF_TENANT {
            return Err(DatabaseError::NotReady);
        }
        drop(known);
        self.lease(scope, dataset, |_| Step::Leaving).ok_or(DatabaseError::NotReady)
    }

    /// Notes that the engine did not answer, where that is what failed.
    pub(super) fn note_failure(&self, now: Timestamp, failure: &ProvisionError) {
        if matches!(failure, ProvisionError::EngineDown(_) | ProvisionError::TooSlow(_)) {
            self.known().silence = Some((now, failure.clone()));
        }
    }

    fn lease(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        step: impl FnOnce(Step) -> Step,
    ) -> Option<Lease> {
        let key = (scope.tenant(), dataset);
        let mut known = self.known();
        let database = known.databases.entry(key).or_insert(Database {
            scope: *scope,
            step: Step::Wanted,
            failure: None,
        });
        if database.step.is_under_way() {
            return None;
        }
        let before = database.step.address();
        database.step = step(database.step);
        drop(known);
        Some(Lease { databases: self.clone(), key, before, is_over: false })
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The lease to ask the engine for one database. Whoever drops it, or is dropped, has learned nothing: the database is what it was before.
pub(super) struct Lease {
    databases: Databases,
    key: Key,
    before: Option<DatabaseAddress>,
    is_over: bool,
}

impl Lease {
    /// Where it was reached before.
    pub(super) fn address_before(&self) -> Option<DatabaseAddress> {
        self.before
    }

    /// The database is reached there, or is to be tried again. Answers whether a failure is another than the last.
    pub(super) fn made(mut self, made: Result<DatabaseAddress, ProvisionError>) -> bool {
        self.is_over = true;
        let mut known = self.databases.known();
        let Some(database) = known.databases.get_mut(&self.key) else { return false };
        match made {
            Ok(address) => {
                database.step = Step::Ready(address);
                database.failure = None;
                false
            }
            Err(failure) => {
                database.step = Step::Wanted;
                let is_new = database.failure.as_ref() != Some(&failure);
                database.failure = Some(failure);
                is_new
            }
        }
    }

    /// There is none any more.
    pub(super) fn gone(mut self) {
        self.is_over = true;
        self.databases.known().databases.remove(&self.key);
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        if let Some(database) = self.databases.known().databases.get_mut(&self.key) {
            database.step = self.before.map_or(Step::Wanted, Step::Ready);
        }
    }
}
