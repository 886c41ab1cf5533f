//! The claims and header parameters of a hub's tokens that are ignored, each of which is told once.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use crate::client::response_error::printable;

/// The most names that are remembered, and told at all.
const MAX_NAMES: usize = 100;

/// The names that good tokens of one hub had, and that nothing here knows.
#[derive(Default)]
pub(super) struct IgnoredNames(Mutex<BTreeSet<String>>);

impl IgnoredNames {
    /// Those of the names that are new, which are remembered.
    pub(super) fn learn(&self, names: Vec<String>) -> Vec<String> {
        if names.is_empty() {
            return names;
        }
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let room = MAX_NAMES.saturating_sub(known.len());
        let names = names.into_iter().map(|name| printable(&name));
        let new: Vec<_> = names.filter(|name| !known.contains(name)).take(room).collect();
        known.extend(new.iter().cloned());
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_told_once_and_there_are_not_ever_more_of_them() {
        let names = IgnoredNames::default();
        let learn = |text: &str| names.learn(text.split(' ').map(str::to_owned).collect());
        assert_eq!(learn("jti x5t"), ["jti", "x5t"]);
        assert_eq!(learn("jti sid\n"), ["sid"]);
        assert!(learn("sid jti").is_empty());
        let many: Vec<String> = (0..1_000).map(|number| number.to_string()).collect();
        assert_eq!(learn(&many.join(" ")).len(), 97);
        assert!(learn("another").is_empty());
    }
}
