//! What is done to many requests at once, in portions: no unit of work holds up the one writer for long, however many there are.

use std::time::Duration;

use crate::approval::ports::ApprovalsOf;
use crate::audit::{Action, ChangeCode, Changes, Event};
use crate::policy::{Policy, approval_terms};
use crate::store::{StoreError, Tx};
use crate::tenant::WriteScope;
use crate::time::Timestamp;

/// How many requests, with their texts, a unit removes.
const REMOVED_AT_ONCE: usize = 25;
/// How many requests a unit changes.
const CHANGED_AT_ONCE: usize = 250;

/// Removes a portion of the requests that go with a thing. Answers the event of a unit that removed as many as it may, and leaves the
/// thing to the next one; nothing once the thing itself can go.
pub(crate) fn remove_portion(
    tx: &mut dyn Tx,
    scope: &WriteScope,
    of: ApprovalsOf,
    event: &Event,
) -> Result<Option<Event>, StoreError> {
    let removed = tx.remove_approvals_of(scope, of, REMOVED_AT_ONCE)?;
    Ok(portion(event, ChangeCode::ApprovalsRemoved, removed, REMOVED_AT_ONCE))
}

/// Removes a portion of the requests that have ended, if there are any. Answers the event of that, and whether more may be left.
pub(super) fn remove_ended_portion(
    tx: &mut dyn Tx,
    scope: &WriteScope,
    now: Timestamp,
    event: &Event,
) -> Result<(Event, bool), StoreError> {
    let removed = tx.remove_ended_approvals(scope, now, REMOVED_AT_ONCE)?;
    let is_full = portion(event, ChangeCode::ApprovalsRemoved, removed, REMOVED_AT_ONCE).is_some();
    Ok((counted(event, ChangeCode::ApprovalsRemoved, removed), is_full))
}

/// Has what was decided end no later than under the terms of a policy and those that it gets: what has ended under the terms of any
/// moment never comes back. Answers the event of a unit that changed as many requests as it may, and leaves the policy to the next one.
pub(crate) fn shorten_portion(
    tx: &mut dyn Tx,
    scope: &WriteScope,
    before: &Policy,
    after: &Policy,
    event: &Event,
) -> Result<Option<Event>, StoreError> {
    let terms: [Option<Duration>; 2] =
        [before, after].map(|policy| approval_terms(policy).map(|terms| terms.valid_for));
    let Some(valid_for) = terms.into_iter().flatten().min() else { return Ok(None) };
    let changed = tx.shorten_approvals(scope, before.id, valid_for, CHANGED_AT_ONCE)?;
    Ok(portion(event, ChangeCode::ApprovalsShortened, changed, CHANGED_AT_ONCE))
}

fn portion(event: &Event, code: ChangeCode, done: u64, most: usize) -> Option<Event> {
    let is_full = usize::try_from(done).is_ok_and(|done| done >= most);
    is_full.then(|| counted(event, code, done))
}

fn counted(event: &Event, code: ChangeCode, done: u64) -> Event {
    let event = Event { action: Action::ConfigChange, ..event.clone() };
    event.changing(Changes::default().with_count(code, done))
}
