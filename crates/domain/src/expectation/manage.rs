//! Reading and setting the expectations of an endpoint.

use std::sync::Arc;

use crate::access::Permission;
use crate::audit::{Action, ChangeCode, Changes, ObjectKind, ReasonCode, RequestContext};
use crate::endpoint::EndpointName;
use crate::expectation::error::{BrokenExpectation, ExpectationError, ExpectationRefusal};
use crate::expectation::verdict::{Evaluator, Known, Rows};
use crate::expectation::{Expectation, MAX_EXPECTATIONS, MAX_EXPECTATIONS_PER_TENANT, MAX_VERDICT_STEPS};
use crate::identity::Principal;
use crate::ids::EndpointId;
use crate::policy::Reason;
use crate::space::Space;
use crate::store::StoreError;
use crate::tenant::TenantScope;
use crate::unit::{Abort, Recorded, Refused, check_revision};

/// An expectation, and what is decided now on whom it names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedExpectation {
    /// The expectation.
    pub expectation: Expectation,
    /// Whether it holds. No write that is held to it breaks it, but time may, and who leaves by themselves.
    pub holds: bool,
    /// Why it is decided so.
    pub reason: Reason,
}

/// The expectations of an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedExpectations {
    /// The expectations, in the order in which they were set.
    pub expectations: Vec<CheckedExpectation>,
    /// The endpoint's revision.
    pub revision: u64,
}

/// The expectations of an endpoint, and whether they hold.
///
/// # Errors
/// When there is no such endpoint, the caller's role does not permit it, or a port failed.
pub async fn expectations(
    space: &Space,
    principal: &Principal,
    name: &EndpointName,
) -> Result<CheckedExpectations, ExpectationError> {
    let name = name.clone();
    let (types, now, snapshot) =
        (space.policy_types.clone(), space.clock.now(), Arc::clone(principal.snapshot()));
    let read = space.read(principal, Permission::WritePolicies, move |view, scope| {
        let endpoint = name.find(view, scope)?.ok_or(ExpectationError::NotFound)?;
        let found = view.expectations(scope, Some(endpoint.id))?.into_iter().map(|(_, one)| one).collect();
        let known = Known { snapshot: Some(&snapshot), types: &types, now };
        let (_, expectations) = evaluate(view, scope, known, endpoint.id, found, usize::MAX)?;
        Ok(CheckedExpectations { expectations, revision: endpoint.revision })
    });
    read.await
}

/// Makes these the expectations of an endpoint, in this order. Each of them holds now.
///
/// # Errors
/// When there is no such endpoint or it has been changed since, there are too many or holding them would take too long, one of them
/// does not hold, the caller's role does not permit it, or a port failed.
pub async fn set_expectations(
    space: &Space,
    context: &RequestContext,
    principal: &Principal,
    name: EndpointName,
    wanted: Vec<Expectation>,
    if_revision: Option<u64>,
) -> Result<CheckedExpectations, ExpectationError> {
    principal.scope(Permission::WritePolicies)?;
    if wanted.len() > MAX_EXPECTATIONS {
        return Err(ExpectationError::TooMany);
    }
    let event = principal.event(context, Action::ConfigChange)?;
    let (types, now) = (space.policy_types.clone(), context.now);
    let snapshots = Arc::clone(&space.snapshots);
    let authorization = principal.authorize(Permission::WritePolicies, space.clock.now())?;
    let decided_at = space.clock.now();
    space
        .store
        .write(move |tx| {
            let scope = tx.authority(&authorization, &event)?;
            let mut endpoint = name.find(tx, &scope)?.ok_or(ExpectationError::NotFound)?;
            check_revision(if_revision, endpoint.revision, ExpectationError::Changed)?;
            let before: Vec<_> =
                tx.expectations(&scope, Some(endpoint.id))?.into_iter().map(|(_, one)| one).collect();
            let others = tx.count_expectations(&scope)?.saturating_sub(count(&before));
            let total = others.saturating_add(count(&wanted));
            if total > MAX_EXPECTATIONS_PER_TENANT && wanted.len() > before.len() {
                return Err(ExpectationError::LimitReached(total).into());
            }
            let event = event.clone().on(ObjectKind::Endpoint, endpoint.id);
            let snapshot = snapshots.tenant(&scope).ok();
            let known = Known { snapshot: snapshot.as_deref(), types: &types, now: decided_at };
            let (summary, checked) =
                evaluate(tx, &scope, known, endpoint.id, wanted.clone(), MAX_VERDICT_STEPS)?;
            if summary.cost > MAX_VERDICT_STEPS && !wanted.is_empty() {
                let refusal = ExpectationRefusal::TooCostly(endpoint.slug, summary.cost);
                return Err(ExpectationError::from(refusal).into());
            }
            if let Some(broken) = summary.broken {
                let refusal = ExpectationRefusal::Broken(Some(Box::new(broken)));
                let event = event.denied(ReasonCode::ExpectationBroken);
                return Err(Abort::from(Refused::new(ExpectationError::from(refusal), event)));
            }
            tx.set_expectations(&scope, endpoint.id, &wanted)?;
            let mut changes = Changes::default();
            if before != wanted {
                changes.note(ChangeCode::ChangedExpectations);
            }
            endpoint.revision += 1;
            endpoint.updated_at = now;
            tx.update_endpoint(&scope, &endpoint)?;
            let checked = CheckedExpectations { expectations: checked, revision: endpoint.revision };
            Ok(Recorded::new(checked, event.changing(changes)))
        })
        .await
}

fn count(expectations: &[Expectation]) -> u64 {
    u64::try_from(expectations.len()).unwrap_or(u64::MAX)
}

/// What all verdicts of an endpoint come to.
struct Summary {
    /// How many steps one takes.
    cost: usize,
    /// The first that is not what is expected.
    broken: Option<BrokenExpectation>,
}

/// Decides on everybody whom expectations of an endpoint name; on nobody, where a verdict takes more steps than it may.
fn evaluate<V: Rows + ?Sized>(
    view: &mut V,
    scope: &TenantScope,
    known: Known<'_>,
    endpoint: EndpointId,
    expectations: Vec<Expectation>,
    max_steps: usize,
) -> Result<(Summary, Vec<CheckedExpectation>), StoreError> {
    let mut evaluator = Evaluator::new(view, scope, known, expectations.iter(), None);
    let missing = || StoreError::failed("an endpoint that was just read is not there");
    let state = evaluator.endpoint(endpoint)?.ok_or_else(missing)?;
    let mut summary = Summary { cost: state.cost(), broken: None };
    if summary.cost > max_steps {
        return Ok((summary, Vec::new()));
    }
    let mut verdicts = Vec::with_capacity(expectations.len());
    for expectation in &expectations {
        let verdict = evaluator.verdict(&state, expectation)?;
        let holds = verdict.is(expectation.verdict);
        verdicts.push((holds, verdict.reason));
        if !holds && summary.broken.is_none() {
            let (slug, expectation) = (state.slug.clone(), expectation.clone());
            summary.broken = Some(BrokenExpectation { slug, expectation, verdict, is_so: true });
        }
    }
    let checked = expectations
        .into_iter()
        .zip(verdicts)
        .map(|(expectation, (holds, reason))| CheckedExpectation { expectation, holds, reason });
    Ok((summary, checked.collect()))
}
