//! Removing what has ended, by time, and finishing what changes of something else have left of its requests.

use std::sync::Arc;

use crate::approval::ApprovalState;
use crate::approval::portions::{bring_up_to_date, remove_ended_portion};
use crate::approval::ports::ApprovalSelection;
use crate::audit::{Action, Actor, ObjectKind, Origin, RequestContext};
use crate::page::{PageLimit, PageRequest};
use crate::port_error::PortError;
use crate::space::Space;
use crate::store::{Flow, StoreError, View};
use crate::tenant::{OperatorScope, TenantScope, WriteScope};
use crate::unit::{Abort, Recorded};

/// How many things, of which requests are outdated, are looked up at once.
const OUTDATED_AT_ONCE: usize = 100;

/// Removes the requests of all tenants that are outdated since something was removed, has end what is to end sooner since a policy was
/// changed, and removes the requests that have ended by now, with their texts: in units of so many, with an event each, which say how
/// many they were. Where none has ended nothing is written.
///
/// # Errors
/// When a port failed. What was removed by then is.
pub async fn remove_ended_approvals(space: &Space, operator: &OperatorScope) -> Result<(), PortError> {
    let everywhere = operator.clone();
    let tenants = space.store.read(Flow::Installation, move |view| view.tenant_ids(&everywhere));
    for tenant in tenants.await? {
        let scope = operator.tenant(tenant);
        finish_outdated(space, &scope).await?;
        while has_ended(space, &scope).await? && sweep(space, &scope).await? {}
    }
    Ok(())
}

/// Finishes what a change has begun, and a crash may have cut short.
async fn finish_outdated(space: &Space, scope: &TenantScope) -> Result<(), PortError> {
    loop {
        let of_tenant = *scope;
        let find = move |view: &mut dyn View| view.outdated_approvals(&of_tenant, OUTDATED_AT_ONCE);
        let found = space.store.read(scope, find).await?;
        if found.is_empty() {
            return Ok(());
        }
        for of in found {
            bring_up_to_date(space, scope, of).await?;
        }
    }
}

async fn has_ended(space: &Space, scope: &TenantScope) -> Result<bool, StoreError> {
    let (scope, now) = (*scope, space.clock.now());
    let find = move |view: &mut dyn View| {
        let ended = ApprovalSelection { state: Some(ApprovalState::Ended), ..ApprovalSelection::default() };
        let page = PageRequest { limit: PageLimit::DEFAULT.at_most(1), after: None };
        Ok::<_, StoreError>(!view.approvals(&scope, &ended, now, page)?.items.is_empty())
    };
    space.store.read(&scope, find).await
}

/// Answers whether more may be left.
async fn sweep(space: &Space, scope: &TenantScope) -> Result<bool, PortError> {
    let now = space.clock.now();
    let context = RequestContext::begin(now, Arc::clone(&space.entropy), Origin::default())?;
    let event = context.event(scope, Action::ConfigChange, Actor::System)?;
    let (scope, event) = (*scope, event.on(ObjectKind::Tenant, scope.tenant()));
    let removed = space.store.write(move |tx| {
        let (event, is_full) = remove_ended_portion(tx, &WriteScope::of_system(&scope), now, &event)?;
        Ok::<_, Abort<StoreError>>(Recorded::new(is_full, event))
    });
    Ok(removed.await?)
}
