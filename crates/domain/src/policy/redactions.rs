//! How often something was taken from what is shown.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How often something was taken from one answer, by the name of what it was: a kind, or a pattern of the tenant's own. It is told to owners, in the
/// audit log; what it was is told to nobody.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Redactions(BTreeMap<String, u32>);

impl Redactions {
    /// Whether nothing was taken.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Counts one more of what has this name.
    pub fn count(&mut self, name: &str) {
        // Nearly always it is there already.
        if let Some(count) = self.0.get_mut(name) {
            *count = count.saturating_add(1);
        } else {
            self.0.insert(name.to_owned(), 1);
        }
    }

    /// Each name and how often, in the order of the names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, u32)> {
        self.0.iter().map(|(name, count)| (name.as_str(), *count))
    }
}
