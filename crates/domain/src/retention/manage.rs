//! Looking at a tenant's terms and holds, and changing them.

use std::collections::BTreeMap;

use crate::access::Permission;
use crate::audit::{Action, ChangeCode, Changes, ObjectKind, RequestContext};
use crate::identity::Principal;
use crate::ids::LegalHoldId;
use crate::retention::sweep::overdue;
use crate::retention::{LegalHold, MAX_HOLDS, RetentionError, RetentionKind, RetentionTerms};
use crate::space::Space;
use crate::store::View;
use crate::tenant::TenantScope;
use crate::text::Name;
use crate::unit::Recorded;

/// How long a tenant keeps things, and what stands against their going.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retention {
    /// The terms.
    pub terms: RetentionTerms,
    /// The holds: while there is one, nothing goes by its age.
    pub holds: Vec<LegalHold>,
    /// The kinds of which anything is kept for longer than a day beyond its term, be it that a hold stands or that no sweep came through.
    pub overdue: Vec<RetentionKind>,
}

/// The terms and holds of the caller's tenant.
///
/// # Errors
/// When the caller's role does not permit it, or a port failed.
pub async fn retention(space: &Space, principal: &Principal) -> Result<Retention, RetentionError> {
    let now = space.clock.now();
    let look = move |view: &mut dyn View, scope: &TenantScope| {
        let (terms, holds) = (view.retention_terms(scope)?, view.legal_holds(scope)?);
        Ok(Retention { terms, holds, overdue: overdue(view, scope, now)? })
    };
    space.read(principal, Permission::ManageTenant, look).await
}

/// Keeps kinds of data of the caller's tenant for so many days each; the others as before. It acts on what is there already, from
/// the next sweep on.
///
/// # Errors
/// When one of the terms is too short or too long, the caller's role does not permit it, or a port failed.
pub async fn change_terms(
    space: &Space,
    context: &RequestContext,
    principal: &Principal,
    days: BTreeMap<RetentionKind, u32>,
) -> Result<RetentionTerms, RetentionError> {
    let event = principal.event(context, Action::ConfigChange)?;
    let event = event.on(ObjectKind::Tenant, principal.snapshot().tenant.id);
    let authorization = principal.authorize(Permission::ManageTenant, space.clock.now())?;
    let mut checked = RetentionTerms::default();
    days.iter().try_for_each(|(kind, days)| checked.set(*kind, *days))?;
    let changed = space.store.write(move |tx| {
        let scope = tx.authority::<RetentionError>(&authorization, &event)?;
        let mut terms = tx.retention_terms(&scope)?;
        let mut changes = Changes::default();
        for (kind, days) in &days {
            if terms.days(*kind) != *days {
                terms.set(*kind, *days).map_err(RetentionError::from)?;
                changes.note_setting(kind.as_str(), Some(&format!("{days}_days")));
            }
        }
        tx.set_retention_terms(&scope, &terms)?;
        Ok(Recorded::new(terms, event.clone().changing(changes)))
    });
    changed.await
}

/// Has nothing of the caller's tenant go by its age any more. It acts at once: of a sweep that is under way nothing more goes once this is
/// answered.
///
/// # Errors
/// When the tenant has as many holds as it may, the caller's role does not permit it, or a port failed.
pub async fn add_hold(
    space: &Space,
    context: &RequestContext,
    principal: &Principal,
    reason: Name,
) -> Result<LegalHold, RetentionError> {
    let event = principal.event(context, Action::ConfigChange)?;
    let authorization = principal.authorize(Permission::ManageTenant, space.clock.now())?;
    let id = LegalHoldId::generate(context.now, &*space.entropy)?;
    let event = event.on(ObjectKind::LegalHold, id).changing(ChangeCode::Created);
    let (made_by, created_at) = (principal.actor().id(), context.now);
    let made = space.store.write(move |tx| {
        let scope = tx.authority::<RetentionError>(&authorization, &event)?;
        if tx.legal_holds(&scope)?.len() >= MAX_HOLDS {
            return Err(RetentionError::TooManyHolds.into());
        }
        let hold = LegalHold { id, reason: reason.clone(), made_by, created_at };
        tx.add_legal_hold(&scope, &hold)?;
        Ok(Recorded::new(hold, event.clone()))
    });
    made.await
}

/// Releases a hold of the caller's tenant. What has become due meanwhile goes with the next sweep, if no other hold stands.
///
/// # Errors
/// When there is no such hold, the caller's role does not permit it, or a port failed.
pub async fn release_hold(
    space: &Space,
    context: &RequestContext,
    principal: &Principal,
    id: LegalHoldId,
) -> Result<(), RetentionError> {
    let event = principal.event(context, Action::ConfigChange)?;
    let event = event.on(ObjectKind::LegalHold, id).changing(ChangeCode::Removed);
    let authorization = principal.authorize(Permission::ManageTenant, space.clock.now())?;
    let released = space.store.write(move |tx| {
        let scope = tx.authority::<RetentionError>(&authorization, &event)?;
        if !tx.remove_legal_hold(&scope, id)? {
            return Err(RetentionError::HoldNotFound.into());
        }
        Ok(Recorded::new((), event.clone()))
    });
    released.await
}
