//! The examples of bodies, read from `examples.json`.

use std::sync::LazyLock;

use serde_json::{Map, Value};

/// By operation; `request`, or a status.
static EXAMPLES: LazyLock<Map<String, Value>> = LazyLock::new(|| {
    // A test reads every entry of it.
    serde_json::from_str(include_str!("examples.json")).unwrap_or_default()
});

/// The example of an operation's `request`, or of its answer of a status.
#[must_use]
pub fn example(operation: &str, body: &str) -> Option<Value> {
    EXAMPLES.get(operation).and_then(|bodies| bodies.get(body)).cloned()
}
