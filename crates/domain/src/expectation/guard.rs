//! Holding a write to the expectations: the one function that every write asks which can change who may query.

use std::collections::HashSet;
use std::sync::Arc;

use crate::access::Permission;
use crate::audit::{Event, ReasonCode};
use crate::expectation::error::{BrokenExpectation, ExpectationRefusal};
use crate::expectation::verdict::{Evaluator, Known, email_of};
use crate::expectation::{Expectation, ExpectedVerdict, MAX_VERDICT_STEPS};
use crate::identity::{Email, Principal};
use crate::ids::{EndpointId, PolicyId};
use crate::policy::{HypotheticalCaller, PolicyTypes};
use crate::snapshot::{Snapshots, TenantSnapshot};
use crate::space::Space;
use crate::store::{StoreError, Tx};
use crate::tenant::{TenantScope, WriteScope};
use crate::time::Timestamp;
use crate::unit::{Abort, Refused, UnitError};

/// Whose verdicts a write may change.
#[derive(Debug, Clone)]
pub(crate) enum Concern {
    /// Everybody's at this endpoint.
    Endpoint(EndpointId),
    /// Everybody's at the endpoints that have this policy.
    Policy(PolicyId),
    /// Those of these addresses.
    Addresses(Vec<Email>),
    /// Those of users of hubs.
    HubUsers,
}

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

/// What holds before a write.
pub(crate) struct Watch<'a> {
    guard: &'a Guard,
    endpoints: Vec<Watched>,
}

/// An endpoint that has expectations with which a write is concerned.
struct Watched {
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

    /// Looks, before anything is written, which of the expectations hold with which the write is concerned. A tenant without any costs
    /// one look.
    pub(crate) fn watch(
        &self,
        tx: &mut dyn Tx,
        scope: &WriteScope,
        concern: &Concern,
    ) -> Result<Watch<'_>, StoreError> {
        let mut watch = Watch { guard: self, endpoints: Vec::new() };
        if tx.count_expectations(scope)? == 0 {
            return Ok(watch);
        }
        let mut concerned = concerned(tx, scope, concern)?;
        if self.grants_alone {
            concerned.retain(|(_, expectation)| expectation.verdict == ExpectedVerdict::Denied);
        }
        if concerned.is_empty() {
            return Ok(watch);
        }
        let snapshot = self.snapshots.tenant(scope).ok();
        let known = self.known(snapshot.as_deref());
        let mut evaluator =
            Evaluator::new(tx, scope, known, concerned.iter().map(|(_, expectation)| expectation));
        for of_endpoint in concerned.chunk_by(|(one, _), (other, _)| one == other) {
            let Some((id, _)) = of_endpoint.first() else { continue };
            let Some(endpoint) = evaluator.endpoint(*id)? else { continue };
            let mut held = Vec::new();
            for (_, expectation) in of_endpoint {
                if evaluator.verdict(&endpoint, expectation)?.is(expectation.verdict) {
                    held.push(expectation.clone());
                }
            }
            watch.endpoints.push(Watched { id: *id, cost: endpoint.cost(), held });
        }
        Ok(watch)
    }

    fn known<'a>(&'a self, snapshot: Option<&'a TenantSnapshot>) -> Known<'a> {
        Known { snapshot, types: &self.types, now: self.now }
    }
}

/// The expectations with which a write is concerned, by the ids of the endpoints.
fn concerned(
    tx: &mut dyn Tx,
    scope: &TenantScope,
    concern: &Concern,
) -> Result<Vec<(EndpointId, Expectation)>, StoreError> {
    let mut found = match concern {
        Concern::Endpoint(id) => return tx.expectations(scope, Some(*id)),
        Concern::Policy(_) | Concern::Addresses(_) | Concern::HubUsers => tx.expectations(scope, None)?,
    };
    match concern {
        Concern::Endpoint(_) => {}
        Concern::Policy(policy) => {
            let having: HashSet<_> = tx.endpoints_of_policy(scope, *policy)?.into_iter().collect();
            found.retain(|(endpoint, _)| having.contains(endpoint));
        }
        Concern::Addresses(emails) => {
            let emails: HashSet<_> = emails.iter().collect();
            found.retain(|(_, expectation)| {
                email_of(&expectation.caller).is_some_and(|email| emails.contains(email))
            });
        }
        Concern::HubUsers => found.retain(|(_, expectation)| {
            matches!(expectation.caller, HypotheticalCaller::HubUser { .. })
                || expectation.verdict == ExpectedVerdict::Denied
        }),
    }
    Ok(found)
}

impl Watch<'_> {
    /// Refuses a write, once it is written and before it is kept, that breaks what held before it, or makes verdicts dearer than they may be
    /// where there are expectations. The refusal is recorded, in the words of `event`.
    ///
    /// # Errors
    /// When it is refused, or the store failed.
    pub(crate) fn check<E: From<ExpectationRefusal> + UnitError>(
        &self,
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
        &self,
        tx: &mut dyn Tx,
        scope: &WriteScope,
    ) -> Result<Option<ExpectationRefusal>, StoreError> {
        if self.endpoints.is_empty() {
            return Ok(None);
        }
        let snapshot = self.guard.snapshots.tenant(scope).ok();
        let known = self.guard.known(snapshot.as_deref());
        let mut evaluator = Evaluator::new(tx, scope, known, self.endpoints.iter().flat_map(|one| &one.held));
        for Watched { id, cost, held } in &self.endpoints {
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
                    let broken = self.guard.is_told.then(|| {
                        let (slug, expectation) = (endpoint.slug.clone(), expectation.clone());
                        Box::new(BrokenExpectation { slug, expectation, verdict, is_so: false })
                    });
                    return Ok(Some(ExpectationRefusal::Broken(broken)));
                }
            }
        }
        Ok(None)
    }
}
