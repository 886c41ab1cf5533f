//! What is done to many requests at once, in portions: no unit of work holds up the one writer for long, however many there are.
//!
//! What requests go with is changed or removed first, with the first portion of them. More than that is noted as outdated in the same
//! unit, and follows behind it: [`bring_up_to_date`] does that, at once and, should it be cut short, with the next sweep. Meanwhile none
//! of them is good for anything: who decides on a question takes the thing as it is. So a change that is refused ends nothing.

use std::sync::Arc;

use crate::approval::ports::ApprovalsOf;
use crate::audit::{Action, Actor, ChangeCode, Changes, Event, ObjectKind, Origin, RequestContext};
use crate::ids::AccountId;
use crate::policy::{Policy, approval_terms};
use crate::port_error::PortError;
use crate::space::Space;
use crate::store::{StoreError, Tx};
use crate::tenant::{TenantScope, WriteScope};
use crate::time::Timestamp;
use crate::unit::{Abort, Recorded};

/// How many requests, with their texts, a unit removes.
const REMOVED_AT_ONCE: usize = 25;
/// How many requests a unit changes.
const CHANGED_AT_ONCE: usize = 250;

/// Requests of which more may be left.
#[must_use]
pub(crate) struct Leftover(ApprovalsOf);

/// What a unit did to requests.
struct Portion {
    code: ChangeCode,
    done: u64,
    is_full: bool,
}

impl Portion {
    fn new(code: ChangeCode, done: u64, most: usize) -> Self {
        Self { code, done, is_full: usize::try_from(done).is_ok_and(|done| done >= most) }
    }

    fn told(&self, event: Event) -> Event {
        let event = Event { action: Action::ConfigChange, ..event };
        if self.done == 0 {
            event
        } else {
            event.changing(Changes::default().with_count(self.code, self.done))
        }
    }

    /// Notes in the unit that did it, and that changed or removed what they go with, that more may be left.
    fn leaves(
        &self,
        tx: &mut dyn Tx,
        scope: &WriteScope,
        of: ApprovalsOf,
    ) -> Result<Option<Leftover>, StoreError> {
        if !self.is_full {
            return Ok(None);
        }
        tx.note_outdated_approvals(scope, of, true)?;
        Ok(Some(Leftover(of)))
    }
}

fn remove(tx: &mut dyn Tx, scope: &WriteScope, of: ApprovalsOf) -> Result<Portion, StoreError> {
    let removed = tx.remove_approvals_of(scope, of, REMOVED_AT_ONCE)?;
    Ok(Portion::new(ChangeCode::ApprovalsRemoved, removed, REMOVED_AT_ONCE))
}

/// Has what was decided under a policy end no later than under its terms; a policy that asks for no approval has none.
fn shorten(tx: &mut dyn Tx, scope: &WriteScope, policy: &Policy) -> Result<Portion, StoreError> {
    let shortened = match approval_terms(policy) {
        Some(terms) => tx.shorten_approvals(scope, policy.id, terms.valid_for, CHANGED_AT_ONCE)?,
        None => 0,
    };
    Ok(Portion::new(ChangeCode::ApprovalsShortened, shortened, CHANGED_AT_ONCE))
}

/// Removes requests with what they go with, in the unit that removes that.
pub(crate) fn remove_with(
    tx: &mut dyn Tx,
    scope: &WriteScope,
    of: ApprovalsOf,
) -> Result<Option<Leftover>, StoreError> {
    remove(tx, scope, of)?.leaves(tx, scope, of)
}

/// Has what was decided under a policy that was changed end no later than under its new terms, in the unit that changes it.
pub(crate) fn shorten_with(
    tx: &mut dyn Tx,
    scope: &WriteScope,
    policy: &Policy,
) -> Result<Option<Leftover>, StoreError> {
    shorten(tx, scope, policy)?.leaves(tx, scope, ApprovalsOf::Policy(policy.id))
}

/// Has what was decided under a policy end no later than under the terms that it has, before it gets others: what has ended under the
/// terms of any moment never comes back. Answers the event of a unit that did as much as it may, and leaves the policy to the next one.
pub(crate) fn shorten_before(
    tx: &mut dyn Tx,
    scope: &WriteScope,
    policy: &Policy,
    event: &Event,
) -> Result<Option<Event>, StoreError> {
    let shortened = shorten(tx, scope, policy)?;
    Ok(shortened.is_full.then(|| shortened.told(event.clone())))
}

/// Removes a portion of the requests that have ended, if there are any. Answers the event of that, and whether more may be left.
pub(super) fn remove_ended_portion(
    tx: &mut dyn Tx,
    scope: &WriteScope,
    now: Timestamp,
    event: &Event,
) -> Result<(Event, bool), StoreError> {
    let removed = tx.remove_ended_approvals(scope, now, REMOVED_AT_ONCE)?;
    let removed = Portion::new(ChangeCode::ApprovalsRemoved, removed, REMOVED_AT_ONCE);
    Ok((removed.told(event.clone()), removed.is_full))
}

/// Does to all that is left what a change has begun. What fails of it does not undo the change: the next sweep goes on.
pub(crate) async fn finish(space: &Space, scope: &TenantScope, leftover: Option<Leftover>) {
    if let Some(Leftover(of)) = leftover {
        drop(bring_up_to_date(space, scope, of).await);
    }
}

/// Removes the requests of something that is gone, and has what was decided under a policy end by its terms, in units of a portion each.
/// Once none is outdated any more that is noted.
pub(super) async fn bring_up_to_date(
    space: &Space,
    scope: &TenantScope,
    of: ApprovalsOf,
) -> Result<(), PortError> {
    loop {
        let now = space.clock.now();
        let context = RequestContext::begin(now, Arc::clone(&space.entropy), Origin::default())?;
        let event = on(context.event(scope, Action::ConfigChange, Actor::System)?, of);
        let scope = *scope;
        let is_full = space.store.write(move |tx| {
            let scope = WriteScope::of_system(&scope);
            let policy = match of {
                ApprovalsOf::Policy(id) => tx.policy(&scope, id)?,
                ApprovalsOf::Endpoint(_) | ApprovalsOf::Caller(_) => None,
            };
            let portion = match policy {
                Some(policy) => shorten(tx, &scope, &policy)?,
                None => remove(tx, &scope, of)?,
            };
            if !portion.is_full {
                tx.note_outdated_approvals(&scope, of, false)?;
            }
            Ok::<_, Abort<StoreError>>(Recorded::new(portion.is_full, portion.told(event.clone())))
        });
        if !is_full.await? {
            return Ok(());
        }
    }
}

fn on(event: Event, of: ApprovalsOf) -> Event {
    match of {
        ApprovalsOf::Endpoint(id) => event.on(ObjectKind::Endpoint, id),
        ApprovalsOf::Policy(id) => event.on(ObjectKind::Policy, id),
        // Only accounts are removed.
        ApprovalsOf::Caller(id) => event.on(ObjectKind::Member, AccountId::from_bytes(*id.as_bytes())),
    }
}
