//! `CloudEvents` 1.0 in JSON: an envelope, and in it the event as the log has it.

use serde_json::{Value, json};
use syft_space_domain::audit::RecordedEvent;

use super::{log_name, without_nulls};

pub(super) fn event(recorded: &RecordedEvent, data: &Value) -> Value {
    let RecordedEvent { seq, event, .. } = recorded;
    let mut envelope = without_nulls(json!({
        "specversion": "1.0",
        "id": event.id,
        "source": format!("urn:syft-space:audit:{}", log_name(event)),
        "type": format!("syft-space.audit.{}", event.action),
        "subject": event.object.as_ref().map(|object| format!("{}/{}", object.kind.as_str(), object.id)),
        "time": event.time,
        "datacontenttype": "application/json",
        // The extension `sequence` is a text that is compared as one.
        "sequence": format!("{seq:020}"),
    }));
    if let Some(envelope) = envelope.as_object_mut() {
        // As it is, with its nulls.
        envelope.insert("data".to_owned(), data.clone());
    }
    envelope
}
