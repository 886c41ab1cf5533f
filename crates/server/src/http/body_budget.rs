//! The memory that the bodies of all requests may take at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use crate::http::json;
use crate::http::problem::Problem;
use crate::http::reason::Reason;

/// The bytes that bodies may take at once, and how many of them are taken.
pub struct BodyBudget {
    max_bytes: usize,
    taken: AtomicUsize,
}

/// The bytes that one body has taken, until this is dropped.
pub struct BodyBytes {
    budget: Arc<BodyBudget>,
    bytes: usize,
}

impl BodyBudget {
    /// A budget of so many bytes.
    #[must_use]
    pub fn new(max_bytes: usize) -> Arc<Self> {
        Arc::new(Self { max_bytes, taken: AtomicUsize::new(0) })
    }

    /// A body of which nothing has come yet.
    #[must_use]
    pub fn empty_body(self: &Arc<Self>) -> BodyBytes {
        BodyBytes { budget: Arc::clone(self), bytes: 0 }
    }
}

impl BodyBytes {
    /// Takes what the body needs besides what it has.
    ///
    /// # Errors
    /// When there is not as much.
    pub fn grow_to(&mut self, bytes: usize) -> Result<(), Problem> {
        let more = bytes.saturating_sub(self.bytes);
        let fits = |taken: usize| taken.checked_add(more).filter(|sum| *sum <= self.budget.max_bytes);
        let taken = self.budget.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits);
        if taken.is_err() {
            let detail = "the bodies of other requests take all the memory there is for them; try again soon";
            return Err(Problem::new(Reason::Overloaded, detail));
        }
        self.bytes += more;
        Ok(())
    }
}

impl BodyBytes {
    /// Reads a body as JSON. What is read takes memory besides its text, which is taken as well.
    ///
    /// # Errors
    /// As for [`json::parse`].
    pub fn parse<T: DeserializeOwned + JsonSchema>(&mut self, body: &[u8]) -> Result<T, Problem> {
        json::parse(body, &mut |bytes| self.grow_to(body.len().saturating_add(bytes)))
    }

    /// What was taken so far, to be kept elsewhere.
    pub fn take(&mut self) -> Self {
        let empty = self.budget.empty_body();
        std::mem::replace(self, empty)
    }
}

impl Drop for BodyBytes {
    fn drop(&mut self) {
        self.budget.taken.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a1_bodies_share_a_budget_and_give_back_what_they_took() {
        let budget = BodyBudget::new(100);
        let (mut first, mut second) = (budget.empty_body(), budget.empty_body());
        first.grow_to(60).unwrap();
        first.grow_to(50).unwrap();
        second.grow_to(40).unwrap();
        assert_eq!(second.grow_to(41).unwrap_err().reason(), Reason::Overloaded);
        drop(first);
        second.grow_to(100).unwrap();
        drop(second);
        assert_eq!(budget.taken.load(Ordering::Relaxed), 0);
    }
}
