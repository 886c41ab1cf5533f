//! Which sinks there are, as the operator set them up.

use crate::audit::{Action, Actor, ChangeCode, Changes, Event, Log, ObjectKind, Origin};
use crate::port_error::PortError;
use crate::sink::{MAX_SINKS, SinkChange, SinkName, SinkTerms};
use crate::space::Space;
use crate::store::StoreError;
use crate::tenant::OperatorScope;
use crate::unit::Booked;

/// From now on there are these sinks and no others. What that changes is recorded in the installation's log, an event for each sink.
///
/// # Errors
/// When a port failed. Then it is as it was.
pub async fn settle(space: &Space, operator: &OperatorScope, sinks: Vec<SinkTerms>) -> Result<(), PortError> {
    let context = space.request_context(Origin::default())?;
    // Each that there is may be new, and each that there was may be gone.
    let drafts = (0..MAX_SINKS * 2).map(|_| {
        let event = context.event(Log::Installation, Action::ConfigChange, Actor::System)?;
        Ok(Event { request: None, ..event })
    });
    let drafts = drafts.collect::<Result<Vec<_>, PortError>>()?;
    let operator = operator.clone();
    let settled = space.store.keep_books(move |tx| {
        let changes = tx.settle_sinks(&operator, &sinks)?;
        if changes.len() > drafts.len() {
            return Err(StoreError::failed("there were more sinks than there can be"));
        }
        let events = changes.iter().zip(&drafts).map(|((name, change), draft)| told(draft, name, *change));
        Ok(Booked { value: (), events: events.collect() })
    });
    Ok(settled.await?)
}

fn told(draft: &Event, sink: &SinkName, change: SinkChange) -> Event {
    let changes = match change {
        SinkChange::Added => ChangeCode::Created.into(),
        SinkChange::Removed => ChangeCode::Removed.into(),
        SinkChange::Changed { logs, target } => {
            let mut changes = Changes::default();
            for (is_changed, code) in [(logs, ChangeCode::ChangedLogs), (target, ChangeCode::ChangedTarget)] {
                if is_changed {
                    changes.note(code);
                }
            }
            changes
        }
    };
    draft.clone().on(ObjectKind::AuditSink, sink).changing(changes)
}
