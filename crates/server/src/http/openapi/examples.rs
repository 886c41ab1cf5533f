//! An example of each body that a route takes and answers.

use std::sync::LazyLock;

use serde_json::{Map, Value};

/// By operation; `request`, or a status.
static EXAMPLES: LazyLock<Map<String, Value>> = LazyLock::new(|| {
    // A test reads every entry of it.
    serde_json::from_str(include_str!("examples.json")).unwrap_or_default()
});

/// The example of an operation's `request`, or of its answer of a status.
#[must_use]
pub fn example(operation: &str, of: &str) -> Option<Value> {
    EXAMPLES.get(operation).and_then(|one| one.get(of)).cloned()
}
