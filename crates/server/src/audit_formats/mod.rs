//! The audit log in the forms that others' programs read: each event as a line of JSON. How an event is told stands in one file for each.

mod cloud_events;
mod ecs;
pub(crate) mod form;
mod ocsf;

use serde_json::Value;
use syft_space_domain::audit::{Actor, Event, ObjectKind, RecordedEvent, RecordedReason};

use crate::audit_formats::form::ExportFormat;
use crate::routes::audit_proofs::{ExportedEvent, ExportedEventError};

/// An event was not told in another form.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExportFormatError {
    /// The server sent what is none.
    #[error(transparent)]
    Event(#[from] ExportedEventError),
    /// It is no JSON.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

impl ExportFormat {
    /// An event as a line, without its end.
    pub(crate) fn line(self, event: ExportedEvent) -> Result<String, ExportFormatError> {
        let line = match self {
            Self::Jsonl => return Ok(serde_json::to_string(&event)?),
            Self::Cloudevents => {
                let data = serde_json::to_value(&event)?;
                cloud_events::event(&event.recorded()?.0, &data)
            }
            Self::Ocsf => ocsf::event(&event.recorded()?.0),
            Self::Ecs => ecs::event(&event.recorded()?.0),
        };
        Ok(serde_json::to_string(&line)?)
    }
}

/// The name of a log: the tenant's id, or that it is the installation's.
fn log_name(event: &Event) -> String {
    match event.log {
        syft_space_domain::audit::Log::Installation => "installation".to_owned(),
        syft_space_domain::audit::Log::Tenant(tenant) => tenant.to_string(),
    }
}

/// Whether one of the words of a reason is this, or begins so where it ends with an underscore.
fn says(event: &Event, word: &str) -> bool {
    let reason = event.reason_code.as_ref().map_or("", RecordedReason::as_str);
    reason.split(',').any(|said| said == word || (word.ends_with('_') && said.starts_with(word)))
}

/// Who was concerned: the member to whom it was done, else whoever did it.
fn concerned(event: &Event) -> Option<String> {
    let member = event.object.as_ref().filter(|object| object.kind == ObjectKind::Member);
    member.map(|object| object.id.clone()).or_else(|| actor_id(&event.actor))
}

fn actor_id(actor: &Actor) -> Option<String> {
    actor.id().map(|id| id.to_string())
}

/// Leaves out what is null: the forms of others know no null.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(object) => {
            let kept = object.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(kept.map(|(name, value)| (name, without_nulls(value))).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(without_nulls).collect()),
        other => other,
    }
}

/// What no field of another's form is for.
fn rest(recorded: &RecordedEvent) -> Value {
    let RecordedEvent { seq, event, person_commitment } = recorded;
    without_nulls(serde_json::json!({
        "log": log_name(event), "seq": seq, "outcome": event.outcome, "actor_kind": event.actor.kind(),
        "object": event.object, "person_commitment": hex::encode(person_commitment),
        "policy": event.policy.map(|policy| serde_json::json!({ "id": policy.id, "revision": policy.revision })),
        "purpose": event.person.purpose, "api_key": event.person.api_key, "hub_user": event.person.hub_user,
        "shown": event.person.shown,
        "redactions": (!event.person.redactions.is_empty()).then_some(&event.person.redactions),
    }))
}

#[cfg(test)]
mod tests;
