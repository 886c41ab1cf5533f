//! Holding a write to the expectations: the one function that every write asks which can change who may query.
//!
//! What is looked at is much where a tenant expects much, and all tenants have one writer. So a reader looks first, where tenants take
//! turns, at what the write will change ([`Guard::write`]); the unit of work relies on that as long as all on which it hangs is as it was.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::access::Permission;
use crate::audit::{Event, ReasonCode};
use crate::expectation::change::Change;
use crate::expectation::error::{BrokenExpectation, ExpectationRefusal};
use crate::expectation::ports::ExpectationView;
use crate::expectation::verdict::{Evaluator, Known, Rows, email_of};
use crate::expectation::{Expectation, ExpectedVerdict, MAX_EXPECTATIONS, MAX_VERDICT_STEPS};
use crate::identity::{Authorization, Email, Principal};
use crate::ids::EndpointId;
use crate::marketplace::Hub;
use crate::policy::{HypotheticalCaller, PolicyTypes};
use crate::snapshot::{Snapshots, TenantSnapshot};
use crate::space::Space;
use crate::store::{StoreError, Tx, View};
use crate::tenant::{TenantScope, WriteScope};
use crate::time::Timestamp;
use crate::unit::{Abort, Recorded, Refused, UnitError};

/// How many expectations are looked at by the writer itself: those of one endpoint.
const MAX_IN_UNIT: usize = MAX_EXPECTATIONS;
/// How often a reader looks, should what it has seen have changed by the time it is written.
const MAX_LOOKS: usize = 4;

/// Holds the writes of one use case to the expectations. It is made ahead of the unit of work, and used in it.
pub(crate) struct Guard {
    snapshots: Arc<dyn Snapshots>,
    types: PolicyTypes,
    now: Timestamp,
    /// Whether whoever writes may learn which expectation it is.
    is_told: bool,
    /// Whether it is asked only whether somebody would get what they are not to have.
    grants_alone: bool,
}

/// A guard in one unit of work, with what a reader has seen ahead of it.
pub(crate) struct Attempt {
    guard: Arc<Guard>,
    foreseen: Option<Foreseen>,
    /// When the unit was submitted: to look ahead may have taken a while.
    submitted_at: Timestamp,
    /// Whether what was seen has changed, and too much would have to be looked at anew.
    is_stale: AtomicBool,
}

/// What a reader has seen of a write.
struct Foreseen {
    change: Change,
    refusal: Option<ExpectationRefusal>,
    /// The state in which it was seen, but for expectations: who sets those changes their endpoint.
    snapshot: Arc<TenantSnapshot>,
    hubs: Vec<Hub>,
}

/// How much a reader has found that is to be looked at.
enum Look {
    Done(Option<Foreseen>),
    /// More than is looked at without one's turn.
    Much,
}

/// What holds before a write, or what is known of it ahead.
pub(crate) enum Watch<'a> {
    Now(&'a Guard, Vec<Watched>),
    Ahead(Option<ExpectationRefusal>),
}

/// An endpoint that has expectations with which a write is concerned.
pub(crate) struct Watched {
    id: EndpointId,
    /// How many steps a verdict takes.
    cost: usize,
    /// Those that hold.
    held: Vec<Expectation>,
}

impl Guard {
    /// For what a principal writes.
    pub(crate) fn of(space: &Space, principal: &Principal) -> Self {
        Self::new(space, principal.may(Permission::WritePolicies), false)
    }

    /// For what somebody gets who comes by an invitation or an identity provider: that they lose what they were expected to have is
    /// not for them to answer for, and what is expected of whom not for them to know.
    pub(crate) fn of_grants(space: &Space) -> Self {
        Self::new(space, false, true)
    }

    fn new(space: &Space, is_told: bool, grants_alone: bool) -> Self {
        let (snapshots, types) = (Arc::clone(&space.snapshots), space.policy_types.clone());
        Self { snapshots, types, now: space.clock.now(), is_told, grants_alone }
    }

    /// Submits a unit of work, once a reader has looked at what it will change; `None` where that is nothing that decides. Where what it
    /// has seen is no more so when it is written, and is too much to be looked at by the writer, the reader looks again.
    ///
    /// # Errors
    /// That of the unit, or the store's failure.
    pub(crate) async fn write<T, E, F, W>(
        self,
        space: &Space,
        scope: &TenantScope,
        foresee: F,
        work: W,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: Fn(&mut dyn View, &TenantScope) -> Result<Option<Change>, StoreError> + Send + Sync + 'static,
        W: FnMut(&mut dyn Tx, &Attempt) -> Result<Recorded<T>, Abort<E>> + Send + 'static,
    {
        let (guard, foresee, work) = (Arc::new(self), Arc::new(foresee), Arc::new(Mutex::new(work)));
        let mut turn = None;
        let mut looks = 0;
        loop {
            let has_turn = turn.is_some();
            let look = {
                let (guard, foresee, scope) = (Arc::clone(&guard), Arc::clone(&foresee), *scope);
                space.store.read(&scope, move |view| match foresee(view, &scope)? {
                    Some(change) => guard.look(view, &scope, change, has_turn),
                    None => Ok(Look::Done(None)),
                })
            };
            let foreseen = match look.await.map_err(|error: StoreError| E::from(error))? {
                Look::Done(foreseen) => foreseen,
                Look::Much => {
                    turn = Some(space.guard_turns.take(scope.tenant()).await.map_err(E::from)?);
                    continue;
                }
            };
            looks += 1;
            let attempt = Arc::new(Attempt {
                guard: Arc::clone(&guard),
                foreseen,
                submitted_at: space.clock.now(),
                is_stale: AtomicBool::new(false),
            });
            let (work, tried) = (Arc::clone(&work), Arc::clone(&attempt));
            let written = space.store.write(move |tx| {
                tried.is_stale.store(false, Ordering::Relaxed);
                let mut work = work.lock().unwrap_or_else(PoisonError::into_inner);
                (*work)(tx, &tried)
            });
            let written = written.await;
            let is_stale = written.is_err() && attempt.is_stale.load(Ordering::Relaxed);
            if !is_stale || looks == MAX_LOOKS {
                return written;
            }
        }
    }

    /// A guard for a unit of which nobody has looked ahead, as it is concerned with one endpoint at most.
    pub(crate) fn alone(self) -> Attempt {
        let submitted_at = self.now;
        Attempt { guard: Arc::new(self), foreseen: None, submitted_at, is_stale: AtomicBool::new(false) }
    }

    /// Looks at what a write will change.
    fn look(
        &self,
        view: &mut dyn View,
        scope: &TenantScope,
        change: Change,
        has_turn: bool,
    ) -> Result<Look, StoreError> {
        if view.count_expectations(scope)? == 0 {
            return Ok(Look::Done(None));
        }
        let concerned = self.concerned(view, scope, &change)?;
        if concerned.len() > MAX_IN_UNIT && !has_turn {
            return Ok(Look::Much);
        }
        let Ok(snapshot) = self.snapshots.tenant(scope) else { return Ok(Look::Done(None)) };
        // The snapshot may be ahead of the view, or behind it.
        if view.tenant(scope)?.is_none_or(|tenant| tenant.version != snapshot.tenant.version) {
            return Ok(Look::Done(None));
        }
        let watched = self.watched(view, scope, Some(&snapshot), &concerned)?;
        let refusal = self.refusal(view, scope, Some(&snapshot), &watched, Some(&change))?;
        let hubs = view.hubs()?;
        Ok(Look::Done(Some(Foreseen { change, refusal, snapshot, hubs })))
    }

    /// The expectations with which a write is concerned, by the ids of the endpoints.
    fn concerned<V: Rows + ExpectationView + ?Sized>(
        &self,
        view: &mut V,
        scope: &TenantScope,
        change: &Change,
    ) -> Result<Vec<(EndpointId, Expectation)>, StoreError> {
        let endpoint = match change {
            Change::Endpoint(id) => Some(*id),
            _ => None,
        };
        let mut found = view.expectations(scope, endpoint)?;
        if self.grants_alone {
            found.retain(|(_, expectation)| expectation.verdict == ExpectedVerdict::Denied);
        }
        let is_of = |expectation: &Expectation, is_meant: &dyn Fn(&Email) -> bool| {
            email_of(&expectation.caller).is_some_and(is_meant)
        };
        match change {
            Change::Endpoint(_) => {}
            Change::Policy { id, .. } => {
                let having: HashSet<_> = view.endpoints_of_policy(scope, *id)?.into_iter().collect();
                found.retain(|(endpoint, _)| having.contains(endpoint));
            }
            Change::Members { emails, .. } => found
                .retain(|(_, expectation)| is_of(expectation, &|email| emails.binary_search(email).is_ok())),
            Change::Role { email, .. } => {
                found.retain(|(_, expectation)| is_of(expectation, &|other| other == email));
            }
            Change::Marketplaces { .. } => found.retain(|(_, expectation)| {
                matches!(expectation.caller, HypotheticalCaller::HubUser { .. })
                    || expectation.verdict == ExpectedVerdict::Denied
            }),
        }
        Ok(found)
    }

    /// Which of these expectations hold.
    fn watched<V: Rows + ?Sized>(
        &self,
        view: &mut V,
        scope: &TenantScope,
        snapshot: Option<&TenantSnapshot>,
        concerned: &[(EndpointId, Expectation)],
    ) -> Result<Vec<Watched>, StoreError> {
        let asked = concerned.iter().map(|(_, expectation)| expectation);
        let mut evaluator = Evaluator::new(view, scope, self.known(snapshot), asked, None);
        let mut watched = Vec::new();
        for of_endpoint in concerned.chunk_by(|(one, _), (other, _)| one == other) {
            let Some((id, _)) = of_endpoint.first() else { continue };
            let Some(endpoint) = evaluator.endpoint(*id)? else { continue };
            let mut held = Vec::new();
            for (_, expectation) in of_endpoint {
                if evaluator.verdict(&endpoint, expectation)?.is(expectation.verdict) {
                    held.push(expectation.clone());
                }
            }
            watched.push(Watched { id: *id, cost: endpoint.cost(), held });
        }
        Ok(watched)
    }

    /// Why a write is refused that was written, or will change this; `None` where it is not.
    fn refusal<V: Rows + ?Sized>(
        &self,
        view: &mut V,
        scope: &TenantScope,
        snapshot: Option<&TenantSnapshot>,
        watched: &[Watched],
        change: Option<&Change>,
    ) -> Result<Option<ExpectationRefusal>, StoreError> {
        let asked = watched.iter().flat_map(|one| &one.held);
        let mut evaluator = Evaluator::new(view, scope, self.known(snapshot), asked, change);
        for Watched { id, cost, held } in watched {
            // What is gone has no expectations either.
            let Some(endpoint) = evaluator.endpoint(*id)? else { continue };
            // What costs no more than before is let through, so that one above the limit can come down.
            let steps = endpoint.cost();
            if steps > MAX_VERDICT_STEPS && steps > *cost {
                return Ok(Some(ExpectationRefusal::TooCostly(endpoint.slug, steps)));
            }
            for expectation in held {
                let verdict = evaluator.verdict(&endpoint, expectation)?;
                if !verdict.is(expectation.verdict) {
                    let broken = self.is_told.then(|| {
                        let (slug, expectation) = (endpoint.slug.clone(), expectation.clone());
                        Box::new(BrokenExpectation { slug, expectation, verdict, is_so: false })
                    });
                    return Ok(Some(ExpectationRefusal::Broken(broken)));
                }
            }
        }
        Ok(None)
    }

    fn known<'a>(&'a self, snapshot: Option<&'a TenantSnapshot>) -> Known<'a> {
        Known { snapshot, types: &self.types, now: self.now }
    }
}

impl Attempt {
    /// What somebody is authorised to, as of when the unit was submitted.
    pub(crate) fn renewed(&self, authorization: &Authorization) -> Authorization {
        authorization.as_of(self.submitted_at)
    }

    /// Looks, before anything is written, which of the expectations hold with which the write is concerned, unless a reader has seen what
    /// will become of them. A tenant without any costs one look.
    pub(crate) fn watch(
        &self,
        tx: &mut dyn Tx,
        scope: &WriteScope,
        change: &Change,
    ) -> Result<Watch<'_>, StoreError> {
        let guard = &*self.guard;
        if tx.count_expectations(scope)? == 0 {
            return Ok(Watch::Now(guard, Vec::new()));
        }
        let foreseen = self.foreseen.as_ref().filter(|foreseen| foreseen.change == *change);
        if let Some(foreseen) = foreseen
            && foreseen.is_so(tx, scope, &*guard.snapshots)?
        {
            return Ok(Watch::Ahead(foreseen.refusal.clone()));
        }
        let concerned = guard.concerned(tx, scope, change)?;
        if concerned.len() > MAX_IN_UNIT {
            self.is_stale.store(true, Ordering::Relaxed);
            return Err(StoreError::Busy);
        }
        let snapshot = guard.snapshots.tenant(scope).ok();
        Ok(Watch::Now(guard, guard.watched(tx, scope, snapshot.as_deref(), &concerned)?))
    }
}

impl Foreseen {
    /// Whether all that it was found by is so still.
    fn is_so(
        &self,
        tx: &mut dyn Tx,
        scope: &WriteScope,
        snapshots: &dyn Snapshots,
    ) -> Result<bool, StoreError> {
        if tx.has_changed(scope) {
            return Ok(false);
        }
        let Ok(now) = snapshots.tenant(scope) else { return Ok(false) };
        Ok(now.decides_as(&self.snapshot) && tx.hubs()? == self.hubs)
    }
}

impl Watch<'_> {
    /// Refuses a write, once it is written and before it is kept, that breaks what held before it, or makes verdicts dearer than they may be
    /// where there are expectations. The refusal is recorded, in the words of `event`.
    ///
    /// # Errors
    /// When it is refused, or the store failed.
    pub(crate) fn check<E: From<ExpectationRefusal> + UnitError>(
        self,
        tx: &mut dyn Tx,
        scope: &WriteScope,
        event: &Event,
    ) -> Result<(), Abort<E>> {
        match self.refusal(tx, scope)? {
            None => Ok(()),
            Some(refusal @ ExpectationRefusal::TooCostly(..)) => {
                Err(Refused::unrecorded(E::from(refusal)).into())
            }
            Some(refusal @ ExpectationRefusal::Broken(_)) => {
                let event = event.clone().denied(ReasonCode::ExpectationBroken);
                Err(Refused::new(E::from(refusal), event).into())
            }
        }
    }

    /// Why a write is refused that has been written, if it is.
    pub(crate) fn refusal(
        self,
        tx: &mut dyn Tx,
        scope: &WriteScope,
    ) -> Result<Option<ExpectationRefusal>, StoreError> {
        match self {
            Self::Ahead(refusal) => Ok(refusal),
            Self::Now(_, watched) if watched.is_empty() => Ok(None),
            Self::Now(guard, watched) => {
                let snapshot = guard.snapshots.tenant(scope).ok();
                guard.refusal(tx, scope, snapshot.as_deref(), &watched, None)
            }
        }
    }
}
